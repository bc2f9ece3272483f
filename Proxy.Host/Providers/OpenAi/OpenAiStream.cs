using System.Buffers;
using System.Text.Json;
using Proxy.Host.Answers;

namespace Proxy.Host.Providers.OpenAi;

/// <summary>Puts a streamed OpenAI answer together, event by event, for the ledger and the log. Each event is read after it went out.</summary>
internal sealed class OpenAiStream(AnswerDigest digest) : IDisposable
{
    private const int MaxChoices = 128;

    private readonly List<StreamedChoice> _choices = new(1);

    public void Read(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return;

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("choices"u8)) ReadChoices(ref reader);
                else if (reader.ValueTextEquals("usage"u8)) OpenAiAnswer.ReadUsage(ref reader, digest);
                else if (digest.Model is null && reader.ValueTextEquals("model"u8)) digest.Model = OpenAiAnswer.Text(ref reader);
                else if (reader.ValueTextEquals("error"u8)) OpenAiAnswer.ReadError(ref reader, digest);
                else OpenAiAnswer.Next(ref reader);
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // A frame that is not JSON went out as it came; the log keeps what could be read of it.
        }
    }

    /// <summary>True for the chunk that only exists because usage was asked for: usage, and no choices.</summary>
    public static bool IsUsageOnly(ReadOnlySpan<byte> json)
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
                choice.FinishReason = OpenAiAnswer.Text(ref reader) ?? choice.FinishReason;
            }
            else
            {
                OpenAiAnswer.Next(ref reader);
            }
        }
    }

    private StreamedChoice Choice(int index)
    {
        foreach (var choice in _choices)
        {
            if (choice.Index == index) return choice;
        }

        var added = new StreamedChoice(index);
        if (_choices.Count < MaxChoices) _choices.Add(added);
        return added;
    }
}
