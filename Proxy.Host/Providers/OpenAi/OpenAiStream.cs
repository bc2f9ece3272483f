using System.Buffers;
using System.Text.Json;
using Proxy.Host.Answers;
using Proxy.Host.Requests;

namespace Proxy.Host.Providers.OpenAi;

/// <summary>Puts a streamed OpenAI answer together, event by event.</summary>
/// <param name="passesUsage">True when the client itself asked for the usage chunk.</param>
internal sealed class OpenAiStream(AnswerDigest digest, bool passesUsage) : IEventReader
{
    private const int MaxChoices = 128;

    private readonly List<StreamedChoice> _choices = new(1);

    /// <summary>What the event that is being read holds.</summary>
    private (bool Usage, bool Choices, bool NoChoices) _event;

    public EventKind Read(ReadOnlySpan<byte> sseEvent)
    {
        var data = SseScanner.Data(sseEvent);
        if (data.IsEmpty) return EventKind.Passes;
        if (data.SequenceEqual("[DONE]"u8)) return EventKind.EndMark;

        _event = default;
        var reader = new Utf8JsonReader(data);
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return EventKind.Broken;

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName) ReadField(ref reader);

            if (reader.Read()) return EventKind.Broken;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return EventKind.Broken;
        }

        if (SseScanner.Name(sseEvent).SequenceEqual("error"u8)) digest.ErrorMessage ??= ProviderJson.UnnamedError;
        if (digest.ErrorMessage is not null) return EventKind.Error;

        // The chunk that only exists because we asked for usage has usage, and no choices.
        return !passesUsage && _event is { Usage: true, Choices: false, NoChoices: true } ? EventKind.KeptBack : EventKind.Passes;
    }

    /// <summary>Writes what was put together into the digest: one message, or an array when there were several choices.</summary>
    public void Complete()
    {
        if (_choices.Count == 0) return;

        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { SkipValidation = true }))
        {
            if (_choices.Count > 1) json.WriteStartArray();
            foreach (var choice in _choices)
            {
                choice.Write(json);
                digest.OutputBytes += choice.TotalBytes;
            }

            if (_choices.Count > 1) json.WriteEndArray();
        }

        digest.Output = buffer.WrittenMemory;
    }

    public void Dispose()
    {
        foreach (var choice in _choices) choice.Dispose();
    }

    private void ReadField(ref Utf8JsonReader reader)
    {
        if (reader.ValueTextEquals("choices"u8)) ReadChoices(ref reader);
        else if (reader.ValueTextEquals("usage"u8)) ReadUsage(ref reader);
        else if (reader.ValueTextEquals("service_tier"u8)) ServiceTierWord.Note(ref reader, digest);
        else if (digest.Model is null && reader.ValueTextEquals("model"u8)) digest.Model = ProviderJson.Text(ref reader);
        else if (reader.ValueTextEquals("error"u8)) ProviderJson.ReadError(ref reader, digest);
        else ProviderJson.Next(ref reader);
    }

    private void ReadUsage(ref Utf8JsonReader reader)
    {
        var value = reader;
        _event.Usage = value.Read() && value.TokenType == JsonTokenType.StartObject;
        OpenAiAnswer.ReadUsage(ref reader, digest);
    }

    private void ReadChoices(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return;
        }

        var isEmpty = true;
        while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
        {
            isEmpty = false;
            ReadChoice(ref reader);
        }

        if (isEmpty && reader.TokenType == JsonTokenType.EndArray) _event.NoChoices = true;
        else _event.Choices = true;
    }

    private void ReadChoice(ref Utf8JsonReader reader)
    {
        // The index may stand behind the delta, so it is found first, on a copy of the reader.
        var choice = Choice(StreamedChoice.IndexOf(reader));
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("delta"u8))
            {
                reader.Read();
                if (reader.TokenType == JsonTokenType.StartObject) choice.ReadDelta(ref reader);
            }
            else if (reader.ValueTextEquals("text"u8))
            {
                choice.ReadText(ref reader);
            }
            else if (reader.ValueTextEquals("finish_reason"u8))
            {
                choice.FinishReason = ProviderJson.Text(ref reader) ?? choice.FinishReason;
            }
            else
            {
                ProviderJson.Next(ref reader);
            }
        }
    }

    private StreamedChoice Choice(int index)
    {
        foreach (var choice in _choices)
        {
            if (choice.Index == index) return choice;
        }

        var added = new StreamedChoice(index, digest);
        if (_choices.Count < MaxChoices) _choices.Add(added);
        return added;
    }
}
