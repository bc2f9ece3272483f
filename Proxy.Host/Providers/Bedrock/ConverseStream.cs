using System.Text.Json;
using Proxy.Host.Answers;
using Proxy.Host.Providers.Anthropic;
using Proxy.Host.Translation;

namespace Proxy.Host.Providers.Bedrock;

/// <summary>Puts a streamed answer of the Converse API together, event by event; <see cref="FramedEvents"/> takes them out of their frames.</summary>
internal sealed class ConverseStream(AnswerDigest digest) : IEventReader
{
    private readonly StreamedBlocks _blocks = new(digest);

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

    public void Complete() => _blocks.Complete();

    public void Dispose() => _blocks.Dispose();

    private EventKind Read(string name, JsonElement value)
    {
        switch (name)
        {
            case "contentBlockStart" when value.Get("start"u8).Get("toolUse"u8) is { IsObject: true } tool:
                var call = Block(value, "tool_use");
                (call.Id, call.Name) = (tool.Get("toolUseId"u8).Text, tool.Get("name"u8).Text);
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
                digest.ErrorStatus = StatusOf(name);
                return EventKind.Error;

            default:
                return EventKind.Passes;
        }
    }

    /// <summary>What the same trouble is told with where no stream has begun yet.</summary>
    private static int? StatusOf(string exception) => exception switch
    {
        "throttlingException" => StatusCodes.Status429TooManyRequests,
        "serviceUnavailableException" => StatusCodes.Status503ServiceUnavailable,
        "validationException" => StatusCodes.Status400BadRequest,
        _ => null,
    };

    private void ReadPiece(JsonElement value, JsonElement delta)
    {
        if (delta.Get("text"u8) is { HasText: true } text) Block(value, "text").Append(text.Raw[1..^1]);
        else if (delta.Get("toolUse"u8).Get("input"u8) is { HasText: true } input) Block(value, "tool_use").Append(input.Raw[1..^1]);
        else if (delta.Get("reasoningContent"u8).Get("text"u8) is { HasText: true } thought) Block(value, "thinking").Append(thought.Raw[1..^1]);
    }

    private StreamedBlock Block(JsonElement value, string type)
    {
        var block = _blocks[(int)(value.Get("contentBlockIndex"u8).Number ?? 0)];
        block.Type = type;
        return block;
    }
}
