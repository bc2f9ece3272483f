using System.Text;

namespace Proxy.Host.Answers;

/// <summary>Finds the events of a server-sent event stream in a buffer. Works on bytes as they came and changes none.</summary>
internal static class SseScanner
{
    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    /// <summary>The length of the event that the buffer begins with, its blank line counted; -1 when it is not whole yet.</summary>
    /// <param name="buffer">What is there of it.</param>
    /// <param name="seen">How far it was looked at before, so that no byte is looked at twice; nothing for a new event.</param>
    /// <remarks>
    /// Lines end with LF, CR LF or CR, as the standard has it. A CR that comes last may be the first half of a CR LF: it ends the event only where
    /// the line before it ended with a CR alone, so that a stream of either kind is never held back.
    /// </remarks>
    public static int EventLength(ReadOnlySpan<byte> buffer, ref SeenLines seen)
    {
        var (line, position) = seen;
        while (true)
        {
            var length = buffer[position..].IndexOfAny((byte)'\r', (byte)'\n');
            var end = length < 0 ? buffer.Length : position + length;
            var isLastCr = end == buffer.Length - 1 && buffer[end] == '\r';
            if (length < 0 || (isLastCr && !(end == line && line > 0 && buffer[line - 1] == '\r')))
            {
                seen = new SeenLines(line, end);
                return -1;
            }

            position = end + (!isLastCr && buffer[end] == '\r' && buffer[end + 1] == '\n' ? 2 : 1);
            if (end == line) return position;

            line = position;
        }
    }

    /// <summary>True when it begins with no field that an event can have: a page, a sentence or a body where a stream should be.</summary>
    public static bool IsForeign(ReadOnlySpan<byte> sseEvent)
    {
        if (sseEvent.StartsWith(ByteOrderMark)) sseEvent = sseEvent[ByteOrderMark.Length..];
        var length = sseEvent.IndexOfAny(":\r\n"u8);
        var field = length < 0 ? sseEvent : sseEvent[..length];
        return !(field.IsEmpty || field.SequenceEqual("data"u8) || field.SequenceEqual("event"u8) || field.SequenceEqual("id"u8) || field.SequenceEqual("retry"u8));
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

/// <summary>How far an event was looked at.</summary>
/// <param name="Line">Where the line begins that has not ended.</param>
/// <param name="Position">Up to where it has no end.</param>
internal readonly record struct SeenLines(int Line, int Position);
