using System.Text.Json;
using Proxy.Host.Answers;

namespace Proxy.Host.Providers.Anthropic;

/// <summary>Puts a streamed answer of the Messages API together, event by event.</summary>
internal sealed class AnthropicStream(AnswerDigest digest) : IEventReader
{
    private readonly StreamedBlocks _blocks = new(digest);

    public EventKind Read(ReadOnlySpan<byte> sseEvent)
    {
        var data = SseScanner.Data(sseEvent);
        if (data.IsEmpty) return EventKind.Passes;

        var reader = new Utf8JsonReader(data);
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return EventKind.Broken;

            var isEnd = false;
            var index = StreamedBlock.IndexOf(reader);
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("type"u8)) isEnd = ReadIsEnd(ref reader);
                else ReadField(ref reader, index);
            }

            if (reader.Read()) return EventKind.Broken;
            if (digest.ErrorMessage is not null) return EventKind.Error;
            return isEnd ? EventKind.EndMark : EventKind.Passes;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return EventKind.Broken;
        }
    }

    public void Complete() => _blocks.Complete();

    public void Dispose() => _blocks.Dispose();

    private bool ReadIsEnd(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.String)
        {
            reader.Skip();
            return false;
        }

        if (reader.ValueTextEquals("error"u8)) digest.ErrorMessage ??= ProviderJson.UnnamedError;
        return reader.ValueTextEquals("message_stop"u8);
    }

    private void ReadField(ref Utf8JsonReader reader, int index)
    {
        if (reader.ValueTextEquals("delta"u8)) ReadDelta(ref reader, index);
        else if (reader.ValueTextEquals("content_block"u8)) _blocks[index].ReadStart(ref reader);
        else if (reader.ValueTextEquals("message"u8)) ReadMessage(ref reader);
        else if (reader.ValueTextEquals("usage"u8)) ReadUsage(ref reader, isStart: false);
        else if (reader.ValueTextEquals("error"u8)) ProviderJson.ReadError(ref reader, digest);
        else ProviderJson.Next(ref reader);
    }

    private void ReadMessage(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("model"u8)) digest.Model = ProviderJson.Text(ref reader) ?? digest.Model;
            else if (reader.ValueTextEquals("usage"u8)) ReadUsage(ref reader, isStart: true);
            else ProviderJson.Next(ref reader);
        }
    }

    /// <summary>The start counts the prompt, and of the answer no more than its first token.</summary>
    private void ReadUsage(ref Utf8JsonReader reader, bool isStart)
    {
        digest.IsOutputUntold = isStart;
        AnthropicUsage.Read(ref reader, digest);
    }

    /// <summary>A piece of a block. The delta without an index says why the answer stops, which nobody here asks, and where its code ran.</summary>
    private void ReadDelta(ref Utf8JsonReader reader, int index)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (index >= 0) _blocks[index].ReadPiece(ref reader);
            else if (reader.ValueTextEquals("container"u8)) AnthropicAnswer.ReadContainer(ref reader, digest);
            else ProviderJson.Next(ref reader);
        }
    }
}
