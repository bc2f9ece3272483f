using System.Text;

namespace Proxy.Host.Answers;

/// <summary>Finds the events of a server-sent event stream in a buffer. Works on bytes as they came and changes none.</summary>
internal static class SseScanner
{
    /// <summary>The length of the event that the buffer begins with, its blank line counted; -1 when it is not whole yet.</summary>
    /// <remarks>
    /// Lines end with LF, CR LF or CR, as the standard has it. A CR that comes last may be the first half of a CR LF: it ends the event only where
    /// the line before it ended with a CR alone, so that a stream of either kind is never held back.
    /// </remarks>
    public static int EventLength(ReadOnlySpan<byte> buffer)
    {
        var position = 0;
        var isAfterLoneCr = false;
        while (true)
        {
            var length = buffer[position..].IndexOfAny((byte)'\r', (byte)'\n');
            if (length < 0) return -1;

            var end = position + length;
            var isCr = buffer[end] == '\r';
            var isLast = end + 1 == buffer.Length;
            var isCrLf = isCr && !isLast && buffer[end + 1] == '\n';
            position = end + (isCrLf ? 2 : 1);
            if (length == 0) return isCr && isLast && !isAfterLoneCr ? -1 : position;

            isAfterLoneCr = isCr && !isCrLf;
        }
    }

    /// <summary>The event's data; empty for comments and for events without data.</summary>
    public static ReadOnlySpan<byte> Data(ReadOnlySpan<byte> sseEvent)
    {
        var data = Field(sseEvent, "data:"u8, out var rest);
        if (rest.IndexOf("data:"u8) < 0 || Field(rest, "data:"u8, out _).IsEmpty) return data;

        // Several lines of data are one text with line breaks. No provider is known to send that, so it may cost a copy.
        var joined = new StringBuilder(Encoding.UTF8.GetString(data));
        while (Field(rest, "data:"u8, out rest) is { IsEmpty: false } line) joined.Append('\n').Append(Encoding.UTF8.GetString(line));
        return Encoding.UTF8.GetBytes(joined.ToString());
    }

    /// <summary>The event's name; empty when it has none.</summary>
    public static ReadOnlySpan<byte> Name(ReadOnlySpan<byte> sseEvent) => Field(sseEvent, "event:"u8, out _);

    private static ReadOnlySpan<byte> Field(ReadOnlySpan<byte> sseEvent, ReadOnlySpan<byte> field, out ReadOnlySpan<byte> rest)
    {
        while (!sseEvent.IsEmpty)
        {
            var newline = sseEvent.IndexOfAny((byte)'\r', (byte)'\n');
            var line = newline < 0 ? sseEvent : sseEvent[..newline];
            sseEvent = newline < 0 ? default : sseEvent[(newline + 1)..];
            if (!line.StartsWith(field)) continue;

            rest = sseEvent;
            return line[field.Length..].Trim((byte)' ');
        }

        rest = default;
        return default;
    }
}
