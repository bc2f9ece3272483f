using System.Buffers.Text;

namespace Proxy.Benchmarks.Load;

/// <summary>
/// Just enough of HTTP/1.1 for both ends of the load: where a message ends. An HTTP library would cost more than what is measured.
/// </summary>
internal static class HttpMessage
{
    private static ReadOnlySpan<byte> HeadEnd => "\r\n\r\n"u8;
    private static ReadOnlySpan<byte> LastChunk => "\r\n0\r\n\r\n"u8;

    /// <summary>The length of the whole message that the bytes begin with; 0 when it has not wholly come.</summary>
    public static int LengthOf(ReadOnlySpan<byte> bytes)
    {
        var head = bytes.IndexOf(HeadEnd);
        if (head < 0) return 0;

        var bodyStart = head + HeadEnd.Length;
        if (ContentLength(bytes[..head]) is { } length) return bytes.Length >= bodyStart + length ? bodyStart + length : 0;
        if (!IsChunked(bytes[..head])) return bodyStart;

        // The end of the head may be the line end before the last chunk.
        var end = bytes[(bodyStart - 2)..].IndexOf(LastChunk);
        return end < 0 ? 0 : bodyStart - 2 + end + LastChunk.Length;
    }

    public static int StatusOf(ReadOnlySpan<byte> bytes) => bytes.Length >= 12 && Utf8Parser.TryParse(bytes[9..12], out int status, out _) ? status : 0;

    public static bool IsChunked(ReadOnlySpan<byte> head) => Find(head, "transfer-encoding: "u8).StartsWith("chunked"u8);

    private static int? ContentLength(ReadOnlySpan<byte> head) =>
        Utf8Parser.TryParse(Find(head, "content-length: "u8), out int length, out _) ? length : null;

    private static ReadOnlySpan<byte> Find(ReadOnlySpan<byte> head, ReadOnlySpan<byte> name)
    {
        for (var line = head.IndexOf((byte)'\n') + 1; line > 0 && line + name.Length <= head.Length;)
        {
            if (System.Text.Ascii.EqualsIgnoreCase(head.Slice(line, name.Length), name)) return head[(line + name.Length)..];

            var next = head[line..].IndexOf((byte)'\n');
            line = next < 0 ? 0 : line + next + 1;
        }

        return default;
    }
}
