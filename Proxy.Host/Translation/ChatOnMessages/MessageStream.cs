using System.Text.Json;
using Proxy.Host.Answers;

namespace Proxy.Host.Translation.ChatOnMessages;

/// <summary>A message as it is streamed, as the chunks of a chat completion.</summary>
internal sealed class MessageStream(TranslatedCall call, AnswerDigest digest) : EventTranslator
{
    private readonly Dictionary<int, int> _calls = [];
    private readonly HashSet<int> _withoutInput = [];
    private string _id = "chatcmpl";
    private string _model = call.UpstreamModel;
    private bool _hasFinished;

    protected override void Read(JsonElement data)
    {
        var index = (int)(data.Get("index"u8).Number ?? 0);
        switch (data.Get("type"u8).Text)
        {
            case "message_start":
                _id = data.Get("message"u8).Get("id"u8).Text ?? _id;
                _model = data.Get("message"u8).Get("model"u8).Text ?? _model;
                BeginDelta();
                Json.WriteString("role"u8, "assistant"u8);
                Json.WriteString("content"u8, ""u8);
                SendDelta();
                break;

            case "content_block_start":
                ReadStart(index, data.Get("content_block"u8));
                break;

            case "content_block_delta":
                ReadPiece(index, data.Get("delta"u8));
                break;

            case "content_block_stop":
                // A call of a tool that takes nothing streams no input.
                if (_withoutInput.Remove(index)) SendArguments(index, "{}"u8);
                break;

            case "message_delta":
                ReadStop(data.Get("delta"u8).Get("stop_reason"u8));
                break;

            case "ping":
                Write(": ping\n\n"u8);
                break;
        }
    }

    protected override void WriteEnd()
    {
        if (!_hasFinished) SendFinish("stop"u8);
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

    private void ReadStart(int index, JsonElement block)
    {
        if (block.Get("type"u8).Is("text"u8)) SendText("content"u8, block.Get("text"u8));
        else if (block.Get("type"u8).Is("thinking"u8)) SendThinking(block);
        else if (block.Get("type"u8).Is("redacted_thinking"u8)) SendBlock(block);
        else if (block.Get("type"u8).Is("tool_use"u8)) SendCall(index, block);
    }

    private void ReadPiece(int index, JsonElement delta)
    {
        if (delta.Get("type"u8).Is("text_delta"u8)) SendText("content"u8, delta.Get("text"u8));
        else if (delta.Get("type"u8).Is("thinking_delta"u8) || delta.Get("type"u8).Is("signature_delta"u8)) SendThinking(delta);
        else if (delta.Get("partial_json"u8) is { HasText: true } piece && _calls.ContainsKey(index)) SendPiece(index, piece);
    }

    private void ReadStop(JsonElement reason)
    {
        if (reason.IsText) SendFinish(ChatUsage.FinishOf(reason));
    }

    private void SendText(ReadOnlySpan<byte> name, JsonElement text)
    {
        if (!text.HasText) return;

        BeginDelta();
        Json.WriteCopy(name, text);
        SendDelta();
    }

    /// <summary>A piece of thinking, or its signature; as one text, and as the block that can be sent back.</summary>
    private void SendThinking(JsonElement piece)
    {
        var (text, signature) = (piece.Get("thinking"u8), piece.Get("signature"u8));
        if (!text.HasText && !signature.HasText) return;

        BeginDelta();
        if (text.HasText) Json.WriteCopy("reasoning_content"u8, text);
        Json.WriteStartArray("thinking_blocks"u8);
        Json.WriteStartObject();
        Json.WriteString("type"u8, "thinking"u8);
        if (text.HasText) Json.WriteCopy("thinking"u8, text);
        else Json.WriteString("thinking"u8, ""u8);
        if (signature.HasText) Json.WriteCopy("signature"u8, signature);
        Json.WriteEndObject();
        Json.WriteEndArray();
        SendDelta();
    }

    private void SendBlock(JsonElement block)
    {
        BeginDelta();
        Json.WriteStartArray("thinking_blocks"u8);
        Json.WriteCopy(block);
        Json.WriteEndArray();
        SendDelta();
    }

    private void SendCall(int index, JsonElement block)
    {
        BeginCall(_calls[index] = _calls.Count);
        Json.WriteCopyIfAny("id"u8, block.Get("id"u8));
        Json.WriteString("type"u8, "function"u8);
        Json.WriteStartObject("function"u8);
        Json.WriteCopyIfAny("name"u8, block.Get("name"u8));

        // Nearly always empty here, and then it follows in pieces.
        var input = block.Get("input"u8);
        Json.WriteString("arguments"u8, input.IsEmpty ? default : input.Raw);
        if (input.IsEmpty) _withoutInput.Add(index);
        Json.WriteEndObject();
        SendCall();
    }

    private void SendPiece(int index, JsonElement piece)
    {
        _withoutInput.Remove(index);
        BeginCall(_calls[index]);
        Json.WriteStartObject("function"u8);
        Json.WriteCopy("arguments"u8, piece);
        Json.WriteEndObject();
        SendCall();
    }

    private void SendArguments(int index, ReadOnlySpan<byte> arguments)
    {
        BeginCall(_calls[index]);
        Json.WriteStartObject("function"u8);
        Json.WriteString("arguments"u8, arguments);
        Json.WriteEndObject();
        SendCall();
    }

    private void BeginCall(int number)
    {
        BeginDelta();
        Json.WriteStartArray("tool_calls"u8);
        Json.WriteStartObject();
        Json.WriteNumber("index"u8, number);
    }

    private void SendCall()
    {
        Json.WriteEndObject();
        Json.WriteEndArray();
        SendDelta();
    }

    private void BeginChunk()
    {
        Begin("data: "u8);
        Json.WriteString("id"u8, _id);
        Json.WriteString("object"u8, "chat.completion.chunk"u8);
        Json.WriteNumber("created"u8, call.StartedAt.ToUnixTimeSeconds());
        Json.WriteString("model"u8, _model);
    }

    private void BeginDelta()
    {
        BeginChunk();
        Json.WriteStartArray("choices"u8);
        Json.WriteStartObject();
        Json.WriteNumber("index"u8, 0);
        Json.WriteStartObject("delta"u8);
    }

    private void SendFinish(ReadOnlySpan<byte> reason)
    {
        _hasFinished = true;
        BeginDelta();
        SendDelta(reason);
    }

    private void SendDelta(ReadOnlySpan<byte> finish = default)
    {
        Json.WriteEndObject();
        if (finish.IsEmpty) Json.WriteNull("finish_reason"u8);
        else Json.WriteString("finish_reason"u8, finish);
        Json.WriteEndObject();
        Json.WriteEndArray();
        Send();
    }
}
