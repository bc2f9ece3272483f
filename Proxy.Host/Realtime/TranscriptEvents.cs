using System.Text.Json;
using Proxy.Host.Answers;
using Proxy.Host.Providers;
using Proxy.Host.Providers.OpenAi;

namespace Proxy.Host.Realtime;

/// <summary>Reads the events of a session that tell of what the user says.</summary>
internal static class TranscriptEvents
{
    /// <summary>Who writes down what is said, as <c>session.created</c> and <c>session.updated</c> have it.</summary>
    /// <returns>Null when the event names nobody.</returns>
    public static string? ReadTranscriber(ReadOnlyMemory<byte> message)
    {
        var models = new List<string>();
        Read(message, "session"u8, (ref Utf8JsonReader reader) =>
        {
            reader.Read();
            if (reader.TokenType == JsonTokenType.StartObject) RealtimeRequest.ReadTranscribers(ref reader, isTranscription: false, models);
            else reader.Skip();
        });
        return models.LastOrDefault();
    }

    /// <summary>The words, and what writing them down used.</summary>
    public static void ReadTranscript(ReadOnlyMemory<byte> message, AnswerDigest digest)
    {
        Read(message, "usage"u8, (ref Utf8JsonReader reader) => OpenAiAnswer.ReadUsage(ref reader, digest));
        Read(message, "transcript"u8, (ref Utf8JsonReader reader) =>
        {
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            var length = (int)reader.BytesConsumed - start;
            digest.OutputBytes = length;

            // The message's memory is used again for the next one.
            if (length <= AnswerDigest.MaxKeptBytes) digest.Output = message.Slice(start, length).ToArray();
        });
    }

    private static void Read(ReadOnlyMemory<byte> message, ReadOnlySpan<byte> name, ValueReader read)
    {
        try
        {
            var reader = new Utf8JsonReader(message.Span);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return;

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals(name)) read(ref reader);
                else ProviderJson.Next(ref reader);
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // What was read before the fault stands; the rest is estimated.
        }
    }

    /// <summary>Reads a value of the reader, which stands on its name.</summary>
    private delegate void ValueReader(ref Utf8JsonReader reader);
}
