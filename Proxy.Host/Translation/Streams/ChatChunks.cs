using System.Text;
using System.Text.Json;
using Proxy.Host.Answers;
using Proxy.Host.Translation.ChatOnMessages;

namespace Proxy.Host.Translation.Streams;

/// <summary>Writes the chunks of a chat completion.</summary>
internal abstract class ChatChunks(TranslatedCall call, AnswerDigest digest) : EventTranslator
{
    private bool _hasFinished;

    protected string Id { get; set; } = "chatcmpl";

    protected string Model { get; set; } = call.UpstreamModel;

    /// <summary>Why it stops, where the stream has not said so before its end.</summary>
    protected virtual string Finish => "stop";

    protected override void WriteEnd()
    {
        if (!_hasFinished) SendFinish(Encoding.ASCII.GetBytes(Finish));
        if (call.Request.WantsUsage)
        {
            BeginChunk();
            Json.WriteStartArray("choices"u8);
            Json.WriteEndArray();
            ChatUsage.Write(Json, digest.Usage ?? default);
            Send();
        }

        Write("data: [DONE]\n\n"u8);
    }

    protected void SendStart()
    {
        BeginDelta();
        Json.WriteString("role"u8, "assistant"u8);
        Json.WriteString("content"u8, ""u8);
        SendDelta();
    }

    protected void SendText(ReadOnlySpan<byte> name, JsonElement text)
    {
        if (!text.HasText) return;

        BeginDelta();
        Json.WriteCopy(name, text);
        SendDelta();
    }

    /// <summary>Thinking, as one text and as the block that can be sent back.</summary>
    protected void SendThinking(JsonElement text)
    {
        if (!text.HasText) return;

        BeginThinking(text);
        SendThinking();
    }

    protected void BeginThinking(JsonElement text)
    {
        BeginDelta();
        if (text.HasText) Json.WriteCopy("reasoning_content"u8, text);
        BeginBlock("thinking"u8);
        if (text.HasText) Json.WriteCopy("thinking"u8, text);
        else Json.WriteString("thinking"u8, ""u8);
    }

    protected void BeginRedacted()
    {
        BeginDelta();
        BeginBlock("redacted_thinking"u8);
    }

    protected void SendThinking()
    {
        Json.WriteEndObject();
        Json.WriteEndArray();
        SendDelta();
    }

    protected void BeginCall(int number)
    {
        BeginDelta();
        Json.WriteStartArray("tool_calls"u8);
        Json.WriteStartObject();
        Json.WriteNumber("index"u8, number);
    }

    /// <summary>A call as it begins, with what it is called with as far as that is there.</summary>
    protected void SendCall(int number, JsonElement id, JsonElement name, ReadOnlySpan<byte> arguments)
    {
        BeginCall(number);
        Json.WriteCopyIfAny("id"u8, id);
        Json.WriteString("type"u8, "function"u8);
        Json.WriteStartObject("function"u8);
        Json.WriteCopyIfAny("name"u8, name);
        Json.WriteString("arguments"u8, arguments);
        Json.WriteEndObject();
        SendCall();
    }

    protected void SendArguments(int number, JsonElement piece)
    {
        BeginCall(number);
        Json.WriteStartObject("function"u8);
        Json.WriteCopy("arguments"u8, piece);
        Json.WriteEndObject();
        SendCall();
    }

    protected void SendCall()
    {
        Json.WriteEndObject();
        Json.WriteEndArray();
        SendDelta();
    }

    protected void BeginDelta()
    {
        BeginChunk();
        Json.WriteStartArray("choices"u8);
        Json.WriteStartObject();
        Json.WriteNumber("index"u8, 0);
        Json.WriteStartObject("delta"u8);
    }

    protected void SendFinish(ReadOnlySpan<byte> reason)
    {
        _hasFinished = true;
        BeginDelta();
        SendDelta(reason);
    }

    protected void SendDelta(ReadOnlySpan<byte> finish = default)
    {
        Json.WriteEndObject();
        if (finish.IsEmpty) Json.WriteNull("finish_reason"u8);
        else Json.WriteString("finish_reason"u8, finish);
        Json.WriteEndObject();
        Json.WriteEndArray();
        Send();
    }

    private void BeginBlock(ReadOnlySpan<byte> type)
    {
        Json.WriteStartArray("thinking_blocks"u8);
        Json.WriteStartObject();
        Json.WriteString("type"u8, type);
    }

    private void BeginChunk()
    {
        Begin("data: "u8);
        Json.WriteString("id"u8, Id);
        Json.WriteString("object"u8, "chat.completion.chunk"u8);
        Json.WriteNumber("created"u8, call.StartedAt.ToUnixTimeSeconds());
        Json.WriteString("model"u8, Model);
    }
}
