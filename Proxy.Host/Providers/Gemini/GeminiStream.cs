using System.Buffers;
using System.Text.Json;
using Proxy.Host.Answers;

namespace Proxy.Host.Providers.Gemini;

/// <summary>Reads the events of Gemini's streams. They have no end mark: the last one is a piece after which all candidates have finished.</summary>
internal sealed class GeminiStream(AnswerDigest digest) : IEventReader
{
    private readonly Utf8Text _words = new(digest);
    private long _others;
    private bool _isBlocked;

    /// <summary>A bit for each candidate.</summary>
    private (ulong Begun, ulong Finished) _candidates;

    /// <summary>The last event says how the answer ended, and may hold a whole picture or call.</summary>
    public int MaxEvent => 4 * 1024 * 1024;

    public EventKind Read(ReadOnlySpan<byte> sseEvent)
    {
        var data = SseScanner.Data(sseEvent);
        if (data.IsEmpty) return Passing();

        var reader = new Utf8JsonReader(data);
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return EventKind.Broken;

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("modelVersion"u8)) digest.Model = ProviderJson.Text(ref reader);
                else if (reader.ValueTextEquals("usageMetadata"u8)) GeminiUsage.Read(ref reader, digest);
                else if (reader.ValueTextEquals("candidates"u8)) ReadCandidates(ref reader);
                else if (reader.ValueTextEquals("promptFeedback"u8)) _isBlocked |= IsBlocked(ref reader);
                else if (reader.ValueTextEquals("error"u8)) ProviderJson.ReadError(ref reader, digest);
                else ProviderJson.Next(ref reader);
            }

            if (reader.Read()) return EventKind.Broken;
            if (digest.ErrorMessage is not null) return EventKind.Error;
            return Passing();
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return EventKind.Broken;
        }
    }

    public void Complete()
    {
        digest.OutputBytes += _words.Total + _others;
        if (_words.IsEmpty) return;

        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { SkipValidation = true })) JsonPiece.Write(json, _words);
        digest.Output = buffer.WrittenMemory;
    }

    public void Dispose() => _words.Dispose();

    private EventKind Passing() =>
        _isBlocked || (_candidates.Begun > 0 && _candidates.Begun == _candidates.Finished) ? EventKind.MayBeLast : EventKind.Passes;

    private void ReadCandidates(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
        {
            var (index, isFinished) = (0L, false);
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("finishReason"u8)) isFinished = ProviderJson.Text(ref reader) is { Length: > 0 } and not "FINISH_REASON_UNSPECIFIED";
                else if (reader.ValueTextEquals("index"u8)) index = ProviderJson.Number(ref reader);
                else if (reader.ValueTextEquals("content"u8)) ReadContent(ref reader);
                else ProviderJson.Next(ref reader);
            }

            var bit = 1UL << (int)Math.Clamp(index, 0, 63);
            _candidates = (_candidates.Begun | bit, _candidates.Finished | (isFinished ? bit : 0));
        }
    }

    private void ReadContent(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isParts = reader.ValueTextEquals("parts"u8);
            reader.Read();
            if (!isParts || reader.TokenType != JsonTokenType.StartArray)
            {
                reader.Skip();
                continue;
            }

            while (reader.Read() && reader.TokenType == JsonTokenType.StartObject) ReadPart(ref reader);
        }
    }

    /// <summary>Text is kept; of calls and pictures only the size counts.</summary>
    private void ReadPart(ref Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("text"u8))
            {
                JsonPiece.Append(_words, ref reader);
                continue;
            }

            var start = reader.BytesConsumed;
            ProviderJson.Next(ref reader);
            _others += reader.BytesConsumed - start;
        }
    }

    private static bool IsBlocked(ref Utf8JsonReader reader)
    {
        var isBlocked = false;
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return false;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("blockReason"u8)) isBlocked |= ProviderJson.Text(ref reader) is { Length: > 0 };
            else ProviderJson.Next(ref reader);
        }

        return isBlocked;
    }
}
