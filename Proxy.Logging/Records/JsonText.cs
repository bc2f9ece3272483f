using System.Buffers;
using System.Buffers.Text;
using System.Numerics;
using System.Runtime.Intrinsics;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;

namespace Proxy.Logging.Records;

/// <summary>Writes UTF-8 text as a JSON string, escaping only what JSON demands, so that text with JSON inside stays short.</summary>
internal static class JsonText
{
    public static readonly JsonWriterOptions WriterOptions = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    // What ids, names and numbers are made of: nearly every text in the head of a record.
    private static readonly SearchValues<char> PlainCharacters = SearchValues.Create(
        string.Concat(Enumerable.Range(' ', '~' - ' ' + 1).Select(static code => (char)code).Where(static letter => letter is not ('"' or '\\'))));

    private const int ChunkBytes = 256;
    private const int MaxCost = 6;
    private const int MaxUtf8PerChar = 3;
    private const int MaxNumberLength = 20;

    /// <summary>Bytes that one byte of text takes within a JSON string.</summary>
    public static int Cost(byte value) => value switch
    {
        (byte)'"' or (byte)'\\' or (byte)'\n' or (byte)'\r' or (byte)'\t' => 2,
        < 0x20 => MaxCost,
        _ => 1,
    };

    /// <param name="output">Gets the string with its quotes.</param>
    /// <param name="text">Valid UTF-8.</param>
    public static void WriteString(IBufferWriter<byte> output, ReadOnlySpan<byte> text)
    {
        output.Write("\""u8);
        while (!text.IsEmpty)
        {
            var chunk = text[..Math.Min(text.Length, ChunkBytes)];
            output.Advance(Escape(chunk, output.GetSpan(chunk.Length * MaxCost)));
            text = text[chunk.Length..];
        }

        output.Write("\""u8);
    }

    public static void WriteString(PooledBuffer output, ReadOnlySpan<char> text)
    {
        if (TryWritePlain(output, "\""u8, text, "\""u8)) return;

        // Facts are JSON themselves, most of them short texts.
        if (text is ['"', .. var said, '"'] && TryWritePlain(output, "\"\\\""u8, said, "\\\"\""u8)) return;

        output.Write("\""u8);
        Span<byte> utf8 = stackalloc byte[ChunkBytes * MaxUtf8PerChar];
        while (!text.IsEmpty)
        {
            // Half a pair at the end of a piece is left for the next one.
            var isLast = text.Length <= ChunkBytes;
            Utf8.FromUtf16(isLast ? text : text[..ChunkBytes], utf8, out var read, out var written, isFinalBlock: isLast);
            output.Advance(Escape(utf8[..written], output.GetSpan(written * MaxCost)));
            text = text[read..];
        }

        output.Write("\""u8);
    }

    public static void WriteNumber(PooledBuffer output, long number)
    {
        Utf8Formatter.TryFormat(number, output.GetSpan(MaxNumberLength), out var written);
        output.Advance(written);
    }

    private static bool TryWritePlain(PooledBuffer output, ReadOnlySpan<byte> start, ReadOnlySpan<char> text, ReadOnlySpan<byte> end)
    {
        if (text.ContainsAnyExcept(PlainCharacters)) return false;

        var room = output.GetSpan(start.Length + text.Length + end.Length);
        start.CopyTo(room);
        Ascii.FromUtf16(text, room[start.Length..], out var length);
        end.CopyTo(room[(start.Length + length)..]);
        output.Advance(start.Length + length + end.Length);
        return true;
    }

    /// <remarks>
    /// A prompt is full of quotes and line ends, a few words apart. So a whole vector is copied before it is looked at: up to the first byte that must be
    /// escaped it stands, and what was copied behind that is written over. The target has room for <see cref="MaxCost"/> times the text.
    /// </remarks>
    private static int Escape(ReadOnlySpan<byte> text, Span<byte> target)
    {
        var length = 0;
        while (text.Length >= Vector256<byte>.Count)
        {
            var bytes = Vector256.Create(text);
            bytes.CopyTo(target[length..]);
            var escaped = (Vector256.LessThan(bytes, Vector256.Create((byte)0x20))
                | Vector256.Equals(bytes, Vector256.Create((byte)'"'))
                | Vector256.Equals(bytes, Vector256.Create((byte)'\\'))).ExtractMostSignificantBits();
            if (escaped == 0)
            {
                length += Vector256<byte>.Count;
                text = text[Vector256<byte>.Count..];
                continue;
            }

            var next = BitOperations.TrailingZeroCount(escaped);
            length += next;
            length += WriteEscape(text[next], target[length..]);
            text = text[(next + 1)..];
        }

        foreach (var value in text)
        {
            if (Cost(value) == 1) target[length++] = value;
            else length += WriteEscape(value, target[length..]);
        }

        return length;
    }

    private static int WriteEscape(byte value, Span<byte> target)
    {
        target[0] = (byte)'\\';
        target[1] = value switch
        {
            (byte)'\n' => (byte)'n',
            (byte)'\r' => (byte)'r',
            (byte)'\t' => (byte)'t',
            < 0x20 => (byte)'u',
            _ => value,
        };
        if (target[1] != 'u') return 2;

        "00"u8.CopyTo(target[2..]);
        target[4] = HexDigit(value >> 4);
        target[5] = HexDigit(value & 0xf);
        return MaxCost;
    }

    private static byte HexDigit(int value) => "0123456789abcdef"u8[value];
}
