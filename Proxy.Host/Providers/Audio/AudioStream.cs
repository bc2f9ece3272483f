using System.Buffers;
using System.Text.Json;
using Proxy.Host.Answers;
using Proxy.Host.Providers.OpenAi;

namespace Proxy.Host.Providers.Audio;

/// <summary>Reads the events of a transcript that is being written, or of speech that is being spoken.</summary>
/// <param name="digest">What is read.</param>
/// <param name="bytesPerTextByte">How much of a piece counts as a byte of text: all of a text, and little of a sound.</param>
internal sealed class AudioStream(AnswerDigest digest, int bytesPerTextByte) : IEventReader
{
    private readonly Utf8Text _words = new(digest);
    private long _sound;

    public EventKind Read(ReadOnlySpan<byte> sseEvent)
    {
        var data = SseScanner.Data(sseEvent);
        if (data.IsEmpty) return EventKind.Passes;
        if (data.SequenceEqual("[DONE]"u8)) return EventKind.EndMark;

        var reader = new Utf8JsonReader(data);
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return EventKind.Broken;

            var isEnd = false;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("type"u8)) isEnd = IsEnd(ref reader);
                else if (reader.ValueTextEquals("delta"u8)) JsonPiece.Append(_words, ref reader);
                else if (reader.ValueTextEquals("audio"u8)) Count(ref reader);
                else if (reader.ValueTextEquals("usage"u8)) OpenAiAnswer.ReadUsage(ref reader, digest);
                else if (reader.ValueTextEquals("error"u8)) ProviderJson.ReadError(ref reader, digest);
                else ProviderJson.Next(ref reader);
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

    public void Complete()
    {
        digest.OutputBytes += _words.Total + (_sound / bytesPerTextByte);
        if (_words.IsEmpty) return;

        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { SkipValidation = true })) JsonPiece.Write(json, _words);
        digest.Output = buffer.WrittenMemory;
    }

    public void Dispose() => _words.Dispose();

    private bool IsEnd(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.String) return false;
        if (reader.ValueTextEquals("error"u8)) digest.ErrorMessage ??= ProviderJson.UnnamedError;
        return reader.ValueTextEquals("transcript.text.done"u8) || reader.ValueTextEquals("speech.audio.done"u8);
    }

    private void Count(ref Utf8JsonReader reader)
    {
        reader.Read();
        _sound += reader.ValueSpan.Length * 3 / 4;
        reader.Skip();
    }
}
