using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Proxy.Host.Answers;
using Proxy.Host.Providers;
using Proxy.Host.Providers.OpenAi;
using Proxy.Management.Errors;

namespace Proxy.Host.Realtime;

/// <summary>Reads and writes the events of OpenAI's realtime API, as far as the gateway has to do with them.</summary>
internal static class RealtimeEvents
{
    /// <summary>Tells the provider to end the response under way, which it then does with its usage.</summary>
    public static readonly ReadOnlyMemory<byte> Cancel = """{"type":"response.cancel"}"""u8.ToArray();

    /// <summary>Bytes of sound in Base64 that count as one of text: a second is 64,000 of them, and some 20 tokens of four bytes.</summary>
    private const int SoundPerTextByte = 800;

    private static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>What a provider's event is about. What is no event passes like one that means nothing.</summary>
    public static RealtimeNotice Peek(ReadOnlyMemory<byte> message)
    {
        try
        {
            var reader = new Utf8JsonReader(message.Span);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return default;

            var notice = default(RealtimeNotice);
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("type"u8)) notice = KindOf(ref reader) with { Response = notice.Response };
                else if (reader.ValueTextEquals("response_id"u8)) notice = notice with { Response = Text(message, ref reader) };
                else if (reader.ValueTextEquals("response"u8)) notice = notice with { Response = IdOf(message, ref reader) };
                else ProviderJson.Next(ref reader);
            }

            return notice;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return default;
        }
    }

    /// <summary>Reads of a piece how much it is, and of a response that is over what it says.</summary>
    public static void Read(ReadOnlyMemory<byte> message, in RealtimeNotice notice, AnswerDigest digest)
    {
        var reader = new Utf8JsonReader(message.Span);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (notice.Kind == RealtimeEvent.Piece && reader.ValueTextEquals("delta"u8)) digest.OutputBytes += Count(ref reader, notice.IsSound);
            else if (notice.Kind == RealtimeEvent.Done && reader.ValueTextEquals("response"u8)) ReadResponse(message, ref reader, digest);
            else ProviderJson.Next(ref reader);
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

    private static RealtimeNotice KindOf(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.String) return new RealtimeNotice(KindOf(reader, out var isSound), isSound, default);

        reader.Skip();
        return default;
    }

    private static RealtimeEvent KindOf(in Utf8JsonReader type, out bool isSound)
    {
        isSound = type.ValueTextEquals("response.audio.delta"u8) || type.ValueTextEquals("response.output_audio.delta"u8);
        if (isSound) return RealtimeEvent.Piece;
        if (type.ValueTextEquals("response.done"u8)) return RealtimeEvent.Done;
        if (type.ValueTextEquals("response.created"u8)) return RealtimeEvent.Begun;
        if (type.ValueTextEquals("session.created"u8) || type.ValueTextEquals("session.updated"u8)) return RealtimeEvent.Session;
        if (type.ValueTextEquals("input_audio_buffer.committed"u8)) return RealtimeEvent.Said;
        if (type.ValueTextEquals("conversation.item.input_audio_transcription.completed"u8)) return RealtimeEvent.Transcript;
        if (type.ValueTextEquals("conversation.item.input_audio_transcription.failed"u8)) return RealtimeEvent.NoTranscript;

        // What is spoken is written along, and counted once.
        return type.ValueTextEquals("response.text.delta"u8) || type.ValueTextEquals("response.output_text.delta"u8) || type.ValueTextEquals("response.function_call_arguments.delta"u8)
            ? RealtimeEvent.Piece
            : RealtimeEvent.Other;
    }

    private static ReadOnlyMemory<byte> IdOf(ReadOnlyMemory<byte> message, ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return default;
        }

        ReadOnlyMemory<byte> id = default;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("id"u8)) id = Text(message, ref reader);
            else ProviderJson.Next(ref reader);
        }

        return id;
    }

    private static ReadOnlyMemory<byte> Text(ReadOnlyMemory<byte> message, ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.String) return message.Slice((int)reader.TokenStartIndex + 1, reader.ValueSpan.Length);

        reader.Skip();
        return default;
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
