using System.Text.Json;
using Proxy.Host.Requests;
using Proxy.Management.Errors;

namespace Proxy.Host.Realtime;

/// <summary>What a client asks when it opens a session, and what it may change of that within it.</summary>
internal static class RealtimeRequest
{
    public const string Protocol = "realtime";
    private const int MaxModelLength = 256;

    public static readonly ProxyError NoSocket = new(
        StatusCodes.Status426UpgradeRequired, ProxyError.InvalidRequest, "Sessions are websockets: ask for one with 'Upgrade: websocket'.");

    private static readonly ProxyError OtherModel = ProxyError.BadRequest("The model of a session cannot be changed: open another one.", "session.model");
    private static readonly ProxyError OtherKind = ProxyError.BadRequest("This gateway serves sessions of the type 'realtime' only.", "session.type");
    private static readonly ProxyError NoEvent = ProxyError.BadRequest("A message is not an event of the realtime API.");

    public static (CompletionRequest? Request, ProxyError? Error) Read(HttpContext context)
    {
        if (!context.WebSockets.IsWebSocketRequest) return (null, NoSocket);

        var query = context.Request.Query;
        var named = query.TryGetValue("model", out var model) ? model : query["deployment"];
        if (named.Count != 1 || named[0] is not { Length: > 0 and <= MaxModelLength } name)
            return (null, ProxyError.BadRequest("The address names no model: it is to have one query parameter 'model'.", "model"));

        return (new CompletionRequest(new RequestBody([], 0)) { Model = name, StatedModel = name, IsStream = true }, null);
    }

    /// <summary>
    /// A session's model is the one that was checked and is billed. A client may state it again, and then the provider gets its own name of it.
    /// </summary>
    /// <param name="message">An event of the client's.</param>
    /// <param name="model">What the client calls the model.</param>
    /// <param name="upstreamModel">What the provider calls it.</param>
    /// <param name="asked">What it asks for.</param>
    public static ProxyError? Check(ReadOnlyMemory<byte> message, string model, string upstreamModel, out RealtimeAsk asked)
    {
        asked = new RealtimeAsk();
        try
        {
            var reader = new Utf8JsonReader(message.Span);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return NoEvent;

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var (isSession, isType, isSound) = (reader.ValueTextEquals("session"u8), reader.ValueTextEquals("type"u8), reader.ValueTextEquals("audio"u8));
                reader.Read();
                if (isSound && reader.TokenType == JsonTokenType.String) asked.SoundBytes = reader.ValueSpan.Length / 4L * 3;
                if (isType && reader.TokenType == JsonTokenType.String) asked.IsForResponse |= reader.ValueTextEquals("response.create"u8);
                if (!isSession || reader.TokenType != JsonTokenType.StartObject) reader.Skip();
                else if (CheckSession(message, ref reader, model, upstreamModel, asked) is { } error) return error;
            }

            return reader.Read() ? NoEvent : null;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return NoEvent;
        }
    }

    private static ProxyError? CheckSession(
        ReadOnlyMemory<byte> message, ref Utf8JsonReader reader, string model, string upstreamModel, RealtimeAsk asked)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var (isModel, isType) = (reader.ValueTextEquals("model"u8), reader.ValueTextEquals("type"u8));
            var (isTranscription, isAudio) = (reader.ValueTextEquals("input_audio_transcription"u8), reader.ValueTextEquals("audio"u8));
            reader.Read();
            if ((isTranscription || isAudio) && reader.TokenType == JsonTokenType.StartObject)
            {
                ReadTranscribers(ref reader, isTranscription, asked.Transcribers);
                continue;
            }

            if (isType && !(reader.TokenType == JsonTokenType.String && reader.ValueTextEquals(Protocol))) return OtherKind;
            if (isModel)
            {
                // Two of them, and the provider might take the other one.
                if (reader.TokenType != JsonTokenType.String || !(reader.ValueTextEquals(model) || reader.ValueTextEquals(upstreamModel)) || !asked.Rewritten.IsEmpty) return OtherModel;

                var (start, end) = ((int)reader.TokenStartIndex, (int)reader.BytesConsumed);
                asked.Rewritten = (byte[])[.. message.Span[..start], .. JsonString.Utf8Of(upstreamModel), .. message.Span[end..]];
            }

            reader.Skip();
        }

        return null;
    }

    /// <summary>Whoever writes down what the user says: <c>input_audio_transcription.model</c>, or <c>audio.input.transcription.model</c>.</summary>
    public static void ReadTranscribers(ref Utf8JsonReader reader, bool isTranscription, List<string> models)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isModel = isTranscription && reader.ValueTextEquals("model"u8);
            var isInner = reader.ValueTextEquals("transcription"u8) || reader.ValueTextEquals("input_audio_transcription"u8);
            reader.Read();
            if (isModel && reader.TokenType == JsonTokenType.String) models.Add(reader.GetString()!);
            if (reader.TokenType == JsonTokenType.StartObject) ReadTranscribers(ref reader, isInner, models);
            else reader.Skip();
        }
    }
}

/// <summary>What an event of a client's asks for.</summary>
internal sealed class RealtimeAsk
{
    /// <summary>The event to send instead; empty when the client's own bytes go on.</summary>
    public ReadOnlyMemory<byte> Rewritten { get; set; }

    public bool IsForResponse { get; set; }

    /// <summary>Bytes of sound that it brings.</summary>
    public long SoundBytes { get; set; }

    /// <summary>Models that are to write down what the user says.</summary>
    public List<string> Transcribers { get; } = [];
}
