using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace Proxy.Logging.Records;

/// <summary>Keeps a prompt or an answer within a size, by cutting out its middle, and within valid UTF-8.</summary>
internal static class FieldBound
{
    // Room for the quotes and the mark between head and tail.
    private const int MarkBytes = 64;

    /// <returns>The field itself when it fits, else a JSON string with its head and its tail.</returns>
    public static ReadOnlyMemory<byte> Apply(ReadOnlyMemory<byte> field, int maxBytes, out bool isCut)
    {
        isCut = !Fits(field.Span, maxBytes);
        if (!isCut && Utf8.IsValid(field.Span)) return field;

        var text = Utf8.IsValid(field.Span) ? field.Span : Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(field.Span));
        isCut = !Fits(text, maxBytes);
        var output = new ArrayBufferWriter<byte>(Math.Min(maxBytes, text.Length) + MarkBytes);
        JsonText.WriteString(output, isCut ? Cut(text, maxBytes - MarkBytes) : text);
        return output.WrittenMemory;
    }

    /// <remarks>Counts the size within a string, which is how the field travels; only a large field is worth the counting.</remarks>
    private static bool Fits(ReadOnlySpan<byte> text, int maxBytes) =>
        text.Length <= maxBytes / 2
        || text.Length + text.Count((byte)'"') + text.Count((byte)'\\') + text.Count((byte)'\n') <= maxBytes;

    private static byte[] Cut(ReadOnlySpan<byte> text, int budget)
    {
        var head = 0;
        for (var cost = 0; head < text.Length && cost + JsonText.Cost(text[head]) <= budget / 2; head++) cost += JsonText.Cost(text[head]);

        var tail = text.Length;
        for (var cost = 0; tail > head && cost + JsonText.Cost(text[tail - 1]) <= budget / 2; tail--) cost += JsonText.Cost(text[tail - 1]);

        while (head > 0 && head < text.Length && IsWithinCodePoint(text[head])) head--;
        while (tail < text.Length && IsWithinCodePoint(text[tail])) tail++;

        return [.. text[..head], .. Encoding.UTF8.GetBytes($" … {tail - head} bytes cut … "), .. text[tail..]];
    }

    private static bool IsWithinCodePoint(byte value) => (value & 0xC0) == 0x80;
}
