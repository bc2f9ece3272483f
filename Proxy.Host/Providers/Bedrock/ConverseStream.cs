using System.Buffers;
using System.Text.Json;
using Proxy.Host.Answers;
using Proxy.Host.Providers.Anthropic;
using Proxy.Host.Translation;

namespace Proxy.Host.Providers.Bedrock;

/// <summary>Puts a streamed answer of the Converse API together, event by event; <see cref="FramedEvents"/> takes them out of their frames.</summary>
internal sealed class ConverseStream(AnswerDigest digest) : IEventReader
{
    private const int MaxBlocks = 256;

    private readonly List<StreamedBlock> _blocks = new(1);

    public EventKind Read(ReadOnlySpan<byte> sseEvent)
    {
        var data = SseScanner.Data(sseEvent);
        if (data.IsEmpty) return EventKind.Passes;

        var reader = new Utf8JsonReader(data);
        try
        {
            using var document = JsonDocument.ParseValue(ref reader);
            foreach (var property in document.RootElement.EnumerateObject()) return Read(property.Name, property.Value);
            return EventKind.Broken;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return EventKind.Broken;
        }
    }

    public void Complete()
    {
        if (_blocks.Count == 0) return;

        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { SkipValidation = true }))
        {
            json.WriteStartArray();
            foreach (var block in _blocks)
            {
                block.Write(json);
                digest.OutputBytes += block.TotalBytes;
            }

            json.WriteEndArray();
        }

        digest.Output = buffer.WrittenMemory;
    }

    public void Dispose()
    {
        foreach (var block in _blocks) block.Dispose();
    }

    private EventKind Read(string name, JsonElement value)
    {
        switch (name)
        {
            case "contentBlockStart" when value.Get("start"u8).Get("toolUse"u8) is { IsObject: true } tool:
                Block(value, "tool_use", tool);
                return EventKind.Passes;

            case "contentBlockDelta":
                ReadPiece(value, value.Get("delta"u8));
                return EventKind.Passes;

            // What was used comes last, behind the reason to stop.
            case "metadata":
                ConverseUsage.Read(value.Get("usage"u8), digest);
                return EventKind.EndMark;

            case "error":
            case var failure when failure.EndsWith("Exception", StringComparison.Ordinal):
                digest.ErrorMessage = ProviderJson.Cut(value.Get("message"u8).Text) ?? ProviderJson.UnnamedError;
                return EventKind.Error;

            default:
                return EventKind.Passes;
        }
    }

    private void ReadPiece(JsonElement value, JsonElement delta)
    {
        if (delta.Get("text"u8) is { HasText: true } text) Block(value, "text").Append(text.Raw[1..^1]);
        else if (delta.Get("toolUse"u8).Get("input"u8) is { HasText: true } input) Block(value, "tool_use").Append(input.Raw[1..^1]);
        else if (delta.Get("reasoningContent"u8).Get("text"u8) is { HasText: true } thought) Block(value, "thinking").Append(thought.Raw[1..^1]);
    }

    private StreamedBlock Block(JsonElement value, string type, JsonElement tool = default)
    {
        var index = (int)(value.Get("contentBlockIndex"u8).Number ?? 0);
        var block = _blocks.Find(known => known.Index == index);
        if (block is not null) return block;

        block = new StreamedBlock(index, digest) { Type = type, Id = tool.Get("toolUseId"u8).Text, Name = tool.Get("name"u8).Text };
        if (_blocks.Count < MaxBlocks) _blocks.Add(block);
        return block;
    }
}
