using System.Text;

namespace Proxy.Host.Answers;

/// <summary>Finds the events of a server-sent event stream in a buffer. Works on bytes as they came and changes none.</summary>
internal static class SseScanner
{
    /// <summary>The length of the event that the buffer begins with, its blank line counted; -1 when it is not whole yet.</summary>
    public static int EventLength(ReadOnlySpan<byte> buffer)
    {
        var position = 0;
        while (true)
        {
            var newline = buffer[position..].IndexOf((byte)'\n');
            if (newline < 0) return -1;

            var isBlank = newline == 0 || (newline == 1 && buffer[position] == '\r');
            position += newline + 1;
            if (isBlank) return position;
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
            var newline = sseEvent.IndexOf((byte)'\n');
            var line = newline < 0 ? sseEvent : sseEvent[..newline];
            sseEvent = newline < 0 ? default : sseEvent[(newline + 1)..];
            if (!line.StartsWith(field)) continue;

            rest = sseEvent;
            return line[field.Length..].Trim((byte)' ').TrimEnd((byte)'\r');
        }

        rest = default;
        return default;
    }
}
