using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;
using Proxy.Logging.Records;

namespace Proxy.Logging.Outbox;

/// <summary>What the journal consists of: <c>length of head, length of body, hash of both | head | body</c>, little endian.</summary>
/// <remarks>
/// The head of a record is <c>1, id, time, target, owner</c>, texts with their length before them, an owner that is not there with -1; the head of rows that
/// left is <c>2, id, id, …</c>, without a body. The hash is for machines that go down: then the length of a file may be on the disk and its bytes not.
/// The number of the file goes into it: files are used again, and what was on the disk instead may be a frame of an earlier life.
/// </remarks>
internal static class JournalFrame
{
    public const int PrefixLength = 16;

    /// <summary>In place of the number in files of an earlier version, which used none again. No file has it.</summary>
    public const long NoNumber = 0;

    private const byte RecordKind = 1;
    private const byte LeftKind = 2;
    private const int MaxHeadLength = 64 * 1024;

    /// <summary>Writes all of a record but its body.</summary>
    /// <returns>How many bytes were written.</returns>
    public static int WriteRecord(PooledBuffer output, long number, long id, long createdAt, string targetId, string? owner, ReadOnlySpan<byte> body)
    {
        var head = output.GetSpan(PrefixLength + 1 + 8 + 8 + 4 + 4 + Encoding.UTF8.GetMaxByteCount(targetId.Length) + Encoding.UTF8.GetMaxByteCount(owner?.Length ?? 0));
        var length = PrefixLength;
        head[length++] = RecordKind;
        WriteNumber(head, ref length, id);
        WriteNumber(head, ref length, createdAt);
        WriteText(head, ref length, targetId);
        WriteText(head, ref length, owner);
        return Close(output, number, head[..length], body);
    }

    /// <summary>Writes that these rows have left the journal.</summary>
    public static int WriteLeft(PooledBuffer output, long number, ReadOnlySpan<long> ids)
    {
        var head = output.GetSpan(PrefixLength + 1 + (8 * ids.Length));
        var length = PrefixLength;
        head[length++] = LeftKind;
        foreach (var id in ids) WriteNumber(head, ref length, id);
        return Close(output, number, head[..length], body: default);
    }

    /// <summary>How many ids fit into one frame.</summary>
    public static int MaxLeft => (MaxHeadLength - 1) / 8;

    /// <summary>How long the frame at the start of the bytes says it is, whether or not it is sound; 0 when there is no whole one.</summary>
    public static int LengthOf(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < PrefixLength) return 0;

        var headLength = BinaryPrimitives.ReadInt32LittleEndian(bytes);
        var bodyLength = BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]);
        return headLength is < 1 or > MaxHeadLength || bodyLength < 0 || bytes.Length - PrefixLength - headLength < bodyLength ? 0 : PrefixLength + headLength + bodyLength;
    }

    /// <summary>Reads the frame at the start of the bytes.</summary>
    /// <param name="bytes">The rest of a file.</param>
    /// <param name="number">The number of the file.</param>
    /// <param name="left">Gets the ids, when the frame is of rows that left; null where there are none.</param>
    /// <param name="record">The record, when the frame is of one; its body is the end of the frame.</param>
    /// <returns>Its length; 0 when there is no whole, sound frame.</returns>
    public static int Read(ReadOnlySpan<byte> bytes, long number, ISet<long>? left, out JournalRecord? record)
    {
        record = null;
        var length = LengthOf(bytes);
        if (length == 0) return 0;

        var headLength = BinaryPrimitives.ReadInt32LittleEndian(bytes);
        var head = bytes.Slice(PrefixLength, headLength);
        var body = bytes[(PrefixLength + headLength)..length];
        if (BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]) != HashOf(number, head, body)) return 0;

        var kind = head[0];
        head = head[1..];
        if (kind == RecordKind)
        {
            var (id, createdAt) = (ReadNumber(ref head), ReadNumber(ref head));
            record = new JournalRecord(id, ReadText(ref head)!, ReadText(ref head), createdAt, body.Length);
        }
        else
        {
            while (!head.IsEmpty)
            {
                var id = ReadNumber(ref head);
                left?.Add(id);
            }
        }

        return length;
    }

    private static int Close(PooledBuffer output, long number, Span<byte> frame, ReadOnlySpan<byte> body)
    {
        var head = frame[PrefixLength..];
        BinaryPrimitives.WriteInt32LittleEndian(frame, head.Length);
        BinaryPrimitives.WriteInt32LittleEndian(frame[4..], body.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(frame[8..], HashOf(number, head, body));
        output.Advance(frame.Length);
        return frame.Length;
    }

    private static ulong HashOf(long number, ReadOnlySpan<byte> head, ReadOnlySpan<byte> body) =>
        XxHash3.HashToUInt64(body, unchecked((long)XxHash3.HashToUInt64(head, number)));

    private static void WriteNumber(Span<byte> head, ref int length, long value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(head[length..], value);
        length += 8;
    }

    private static void WriteText(Span<byte> head, ref int length, string? value)
    {
        var count = value is null ? -1 : Encoding.UTF8.GetBytes(value, head[(length + 4)..]);
        BinaryPrimitives.WriteInt32LittleEndian(head[length..], count);
        length += 4 + Math.Max(0, count);
    }

    private static long ReadNumber(ref ReadOnlySpan<byte> head)
    {
        var value = BinaryPrimitives.ReadInt64LittleEndian(head);
        head = head[8..];
        return value;
    }

    private static string? ReadText(ref ReadOnlySpan<byte> head)
    {
        var count = BinaryPrimitives.ReadInt32LittleEndian(head);
        head = head[4..];
        if (count < 0) return null;

        var text = Encoding.UTF8.GetString(head[..count]);
        head = head[count..];
        return text;
    }
}

/// <summary>A row that is in the journal and nowhere else.</summary>
/// <remarks>Each is held until its target has taken it: as an object it would outlive a collection and be moved by it.</remarks>
internal readonly record struct JournalRecord(long Id, string TargetId, string? Owner, long CreatedAt, int Length)
{
    public OutboxFile Segment { get; init; } = null!;

    /// <summary>Where its frame begins in the file.</summary>
    public long Offset { get; init; }

    /// <summary>What of the frame is not its body.</summary>
    public int HeadLength { get; init; }
}
