using System.Buffers;
using System.Text.Json;
using Proxy.Host.Answers;

namespace Proxy.Host.Translation.Streams;

/// <summary>Turns the events of a provider's stream into those of the client's API, one after the other; made for one stream.</summary>
internal abstract class EventTranslator : IDisposable
{
    private const int FirstSize = 1024;

    /// <summary>What one large event took is not held for the rest of the stream.</summary>
    private const int MostKept = 32 * 1024;

    private ArrayBufferWriter<byte> _events = new(FirstSize);

    /// <summary>Writes the data of the event that was begun.</summary>
    protected Utf8JsonWriter Json { get; } = new(Stream.Null, TranslatedCall.Readable);

    /// <summary>What a whole event comes to; empty for nothing. It is valid until the next call.</summary>
    /// <remarks>Throws <see cref="JsonException"/> or <see cref="InvalidOperationException"/> for what the protocol does not allow.</remarks>
    public virtual ReadOnlyMemory<byte> Translate(ReadOnlySpan<byte> sseEvent)
    {
        Clear();
        var data = SseScanner.Data(sseEvent);
        if (!data.IsEmpty) Parse(data);

        // A comment keeps the connection awake, whatever is spoken on it.
        else if (sseEvent.StartsWith(":"u8)) _events.Write(sseEvent);
        return _events.WrittenMemory;
    }

    /// <summary>What the provider's end mark comes to, which may say something itself.</summary>
    /// <remarks>Throws what <see cref="Translate"/> throws.</remarks>
    public virtual ReadOnlyMemory<byte> End(ReadOnlySpan<byte> endMark)
    {
        Clear();
        var data = SseScanner.Data(endMark);
        if (data.StartsWith("{"u8)) Parse(data);
        WriteEnd();
        return _events.WrittenMemory.ToArray();
    }

    public virtual void Dispose() => Json.Dispose();

    /// <summary>What was written since the last <see cref="Clear"/>.</summary>
    protected ReadOnlyMemory<byte> Written => _events.WrittenMemory;

    protected abstract void Read(JsonElement data);

    protected abstract void WriteEnd();

    /// <summary>Begins an event's line and the object in it.</summary>
    protected void Begin(ReadOnlySpan<byte> line)
    {
        _events.Write(line);
        Json.Reset(_events);
        Json.WriteStartObject();
    }

    /// <summary>Ends the object and the event.</summary>
    protected void Send()
    {
        Json.WriteEndObject();
        Json.Flush();
        _events.Write("\n\n"u8);
    }

    protected void Write(ReadOnlySpan<byte> events) => _events.Write(events);

    protected void Clear()
    {
        if (_events.Capacity > MostKept) _events = new ArrayBufferWriter<byte>(FirstSize);
        else _events.ResetWrittenCount();
    }

    private void Parse(ReadOnlySpan<byte> data)
    {
        var reader = new Utf8JsonReader(data);
        using var document = JsonDocument.ParseValue(ref reader);
        Read(document.RootElement);
    }
}
