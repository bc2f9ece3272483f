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

    public EventKind Read(ReadOnlySpan<byte> sseEvent)
    {
        var data = SseScanner.Data(sseEvent);
        if (data.IsEmpty) return EventKind.Passes;
        if (data.SequenceEqual("[DONE]"u8)) return EventKind.EndMark;

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

        // The usage chunk that only we asked for. Only events that hold usage are looked at closely.
        return !passesUsage && data.IndexOf("\"usage\""u8) >= 0 && IsUsageOnly(data) ? EventKind.KeptBack : EventKind.Passes;
    }

    /// <summary>True for the chunk that only exists because usage was asked for: usage, and no choices.</summary>
    private static bool IsUsageOnly(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        var hasUsage = false;
        var hasNoChoices = false;
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return false;

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isUsage = reader.ValueTextEquals("usage"u8);
                var isChoices = reader.ValueTextEquals("choices"u8);
                reader.Read();
                if (isUsage) hasUsage = reader.TokenType == JsonTokenType.StartObject;
                if (isChoices) hasNoChoices = reader.TokenType == JsonTokenType.StartArray && reader.Read() && reader.TokenType == JsonTokenType.EndArray;
                if (isChoices && !hasNoChoices) return false;
                reader.Skip();
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return false;
        }

        return hasUsage && hasNoChoices;
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
        else if (reader.ValueTextEquals("usage"u8)) OpenAiAnswer.ReadUsage(ref reader, digest);
        else if (reader.ValueTextEquals("service_tier"u8)) ServiceTierWord.Note(ref reader, digest);
        else if (digest.Model is null && reader.ValueTextEquals("model"u8)) digest.Model = ProviderJson.Text(ref reader);
        else if (reader.ValueTextEquals("error"u8)) ProviderJson.ReadError(ref reader, digest);
        else ProviderJson.Next(ref reader);
    }

    private void ReadChoices(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.StartObject) ReadChoice(ref reader);
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
