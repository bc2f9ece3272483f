using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Proxy.Host.Answers;
using Proxy.Host.Providers;
using Proxy.Host.Providers.OpenAi;
using Proxy.Management.Errors;

namespace Proxy.Host.Realtime;

/// <summary>What an event of the provider's is to a session.</summary>
internal enum RealtimeEvent
{
    Other,

    /// <summary>A response begins.</summary>
    Begun,

    /// <summary>A piece of a response.</summary>
    Piece,

    /// <summary>A response is over, and says what it used.</summary>
    Done,

    /// <summary>The session as the provider has it now.</summary>
    Session,

    /// <summary>Something was said, and is to be written down if the session asks for that.</summary>
    Said,

    /// <summary>What was said is written down.</summary>
    Transcript,

    /// <summary>What was said could not be written down.</summary>
    NoTranscript,
}

/// <summary>Reads and writes the events of OpenAI's realtime API, as far as the gateway has to do with them.</summary>
internal static class RealtimeEvents
{
    /// <summary>Tells the provider to end the response under way, which it then does with its usage.</summary>
    public static readonly ReadOnlyMemory<byte> Cancel = """{"type":"response.cancel"}"""u8.ToArray();

    /// <summary>Bytes of sound in Base64 that count as one of text: a second is 64,000 of them, and some 20 tokens of four bytes.</summary>
    private const int SoundPerTextByte = 800;

    private static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Reads a provider's event, and of a response's what it says. What is no event passes like one that means nothing.</summary>
    public static RealtimeEvent Read(ReadOnlyMemory<byte> message, AnswerDigest digest)
    {
        try
        {
            var reader = new Utf8JsonReader(message.Span);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return RealtimeEvent.Other;

            var (kind, isSound) = KindOf(reader);
            if (kind is not (RealtimeEvent.Piece or RealtimeEvent.Done)) return kind;

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (kind == RealtimeEvent.Piece && reader.ValueTextEquals("delta"u8)) digest.OutputBytes += Count(ref reader, isSound);
                else if (kind == RealtimeEvent.Done && reader.ValueTextEquals("response"u8)) ReadResponse(message, ref reader, digest);
                else ProviderJson.Next(ref reader);
            }

            return kind;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return RealtimeEvent.Other;
        }
    }

    public static ReadOnlyMemory<byte> Error(ProxyError error)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer, Readable))
        {
            json.WriteStartObject();
            json.WriteString("type"u8, "error"u8);
            json.WriteString("event_id"u8, $"event_{Guid.NewGuid():N}");
            json.WriteStartObject("error"u8);
            json.WriteString("type"u8, error.Type);
            json.WriteString("code"u8, error.Type);
            json.WriteString("message"u8, error.Message);
            json.WriteString("param"u8, error.Param);
            json.WriteNull("event_id"u8);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    /// <summary>The <c>type</c> may stand behind what it speaks of, so it is found first, on a copy of the reader.</summary>
    private static (RealtimeEvent Kind, bool IsSound) KindOf(Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isType = reader.ValueTextEquals("type"u8);
            reader.Read();
            if (!isType || reader.TokenType != JsonTokenType.String)
            {
                reader.Skip();
                continue;
            }

            if (reader.ValueTextEquals("response.done"u8)) return (RealtimeEvent.Done, false);
            if (reader.ValueTextEquals("response.created"u8)) return (RealtimeEvent.Begun, false);
            if (reader.ValueTextEquals("session.created"u8) || reader.ValueTextEquals("session.updated"u8)) return (RealtimeEvent.Session, false);
            if (reader.ValueTextEquals("input_audio_buffer.committed"u8)) return (RealtimeEvent.Said, false);
            if (reader.ValueTextEquals("conversation.item.input_audio_transcription.completed"u8)) return (RealtimeEvent.Transcript, false);
            if (reader.ValueTextEquals("conversation.item.input_audio_transcription.failed"u8)) return (RealtimeEvent.NoTranscript, false);
            if (reader.ValueTextEquals("response.audio.delta"u8) || reader.ValueTextEquals("response.output_audio.delta"u8)) return (RealtimeEvent.Piece, true);

            // What is spoken is written along, and counted once.
            var isText = reader.ValueTextEquals("response.text.delta"u8) || reader.ValueTextEquals("response.output_text.delta"u8)
                || reader.ValueTextEquals("response.function_call_arguments.delta"u8);
            return (isText ? RealtimeEvent.Piece : RealtimeEvent.Other, false);
        }

        return (RealtimeEvent.Other, false);
    }

    private static int Count(ref Utf8JsonReader reader, bool isSound)
    {
        reader.Read();
        var bytes = reader.TokenType == JsonTokenType.String ? reader.ValueSpan.Length : 0;
        reader.Skip();
        return isSound ? (bytes + SoundPerTextByte - 1) / SoundPerTextByte : bytes;
    }

    private static void ReadResponse(ReadOnlyMemory<byte> message, ref Utf8JsonReader reader, AnswerDigest digest)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var (isUsage, isOutput) = (reader.ValueTextEquals("usage"u8), reader.ValueTextEquals("output"u8));
            if (isUsage)
            {
                OpenAiAnswer.ReadUsage(ref reader, digest);
                continue;
            }

            reader.Read();
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            var length = (int)reader.BytesConsumed - start;

            // The message's memory is used again for the next one.
            if (isOutput && length <= AnswerDigest.MaxKeptBytes) digest.Output = message.Slice(start, length).ToArray();
        }
    }
}
