using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;
using Proxy.Logging.Records;

namespace Proxy.Logging.Otlp;

/// <summary>Writes fields of protobuf messages: a tag, and what it says.</summary>
/// <remarks>A message within another is begun before its length is known. Four bytes are kept for that and filled at its end: a number in more bytes than it needs, as
/// OpenTelemetry's own exporters for .NET write it too.</remarks>
internal static class Protobuf
{
    private const int MaxNumberLength = 10;

    private const int KeptLength = 4;
    private const int LengthTagBits = 2;

    /// <summary>The tag of a field with a length: a text, bytes or a message.</summary>
    public static byte Tag(int field) => (byte)((field << 3) | LengthTagBits);

    /// <returns>Where the message begins; for <see cref="End"/>.</returns>
    public static int Begin(PooledBuffer output, int field)
    {
        output.GetSpan(1 + KeptLength)[0] = Tag(field);
        output.Advance(1 + KeptLength);
        return output.Count;
    }

    public static void End(PooledBuffer output, int start)
    {
        var length = output.Count - start;
        if (length >> (7 * KeptLength) != 0) throw new InvalidOperationException("A message is longer than its length has room for.");

        var kept = output.SpanFrom(start - KeptLength);
        for (var i = 0; i < KeptLength - 1; i++) kept[i] = (byte)((length >> (7 * i)) | 0x80);
        kept[KeptLength - 1] = (byte)(length >> (7 * (KeptLength - 1)));
    }

    public static void WriteText(PooledBuffer output, int field, ReadOnlySpan<char> text)
    {
        var length = Encoding.UTF8.GetByteCount(text);
        var room = output.GetSpan(1 + MaxNumberLength + length);
        var start = Put(room, 0, Tag(field), length);
        Encoding.UTF8.GetBytes(text, room[start..]);
        output.Advance(start + length);
    }

    /// <param name="output">Gets the field.</param>
    /// <param name="field">A field of bytes.</param>
    /// <param name="hex">An id.</param>
    /// <exception cref="FormatException">It is no id.</exception>
    public static void WriteId(PooledBuffer output, int field, string hex)
    {
        var room = output.GetSpan(1 + MaxNumberLength + hex.Length);
        var start = Put(room, 0, Tag(field), hex.Length / 2);
        if (Convert.FromHexString(hex, room[start..], out _, out var length) != OperationStatus.Done) throw new FormatException("An id is not in hex digits.");
        output.Advance(start + length);
    }

    public static void WriteNumber(PooledBuffer output, int field, long number)
    {
        var room = output.GetSpan(1 + MaxNumberLength);
        room[0] = (byte)(field << 3);
        output.Advance(PutNumber(room, 1, (ulong)number));
    }

    public static void WriteFixed(PooledBuffer output, int field, ulong number)
    {
        var room = output.GetSpan(1 + sizeof(ulong));
        room[0] = (byte)((field << 3) | 1);
        BinaryPrimitives.WriteUInt64LittleEndian(room[1..], number);
        output.Advance(1 + sizeof(ulong));
    }

    /// <summary>Writes the tag of a field and its length.</summary>
    /// <returns>Where its value goes.</returns>
    public static int Put(Span<byte> room, int index, byte tag, int length)
    {
        room[index] = tag;
        return PutNumber(room, index + 1, (uint)length);
    }

    /// <summary>How many bytes a field with a length takes in all.</summary>
    public static int SizeOf(int length) => 1 + NumberSize(length) + length;

    /// <summary>Text may only be valid UTF-8: a strict reader would refuse the whole request.</summary>
    public static ReadOnlySpan<byte> Valid(ReadOnlySpan<byte> text) => Utf8.IsValid(text) ? text : Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(text));

    private static int NumberSize(int number) => number < 1 << 7 ? 1 : number < 1 << 14 ? 2 : number < 1 << 21 ? 3 : number < 1 << 28 ? 4 : 5;

    private static int PutNumber(Span<byte> room, int index, ulong number)
    {
        for (; number >= 0x80; number >>= 7) room[index++] = (byte)(number | 0x80);
        room[index++] = (byte)number;
        return index;
    }
}
