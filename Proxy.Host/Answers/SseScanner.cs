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

    /// <summary>The event's data when it stands on one line, as all providers send it; empty for comments and other events.</summary>
    public static ReadOnlySpan<byte> Data(ReadOnlySpan<byte> sseEvent)
    {
        while (!sseEvent.IsEmpty)
        {
            var newline = sseEvent.IndexOf((byte)'\n');
            var line = newline < 0 ? sseEvent : sseEvent[..newline];
            if (line.StartsWith("data:"u8)) return line["data:"u8.Length..].Trim((byte)' ').TrimEnd((byte)'\r');
            if (newline < 0) break;
            sseEvent = sseEvent[(newline + 1)..];
        }

        return default;
    }
}
