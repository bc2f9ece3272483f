using System.Text.Json;
using Proxy.Host.Answers;
using Proxy.Host.Translation.Streams;

namespace Proxy.Host.Translation.ChatOnMessages;

/// <summary>A message as it is streamed, as the chunks of a chat completion.</summary>
internal sealed class MessageStream(TranslatedCall call, AnswerDigest digest) : ChatChunks(call, digest)
{
    private readonly Dictionary<int, int> _calls = [];
    private readonly HashSet<int> _withoutInput = [];

    protected override void Read(JsonElement data)
    {
        var index = (int)(data.Get("index"u8).Number ?? 0);
        switch (data.Get("type"u8).Text)
        {
            case "message_start":
                Id = data.Get("message"u8).Get("id"u8).Text ?? Id;
                Model = data.Get("message"u8).Get("model"u8).Text ?? Model;
                SendStart();
                break;

            case "content_block_start":
                ReadStart(index, data.Get("content_block"u8));
                break;

            case "content_block_delta":
                ReadPiece(index, data.Get("delta"u8));
                break;

            case "content_block_stop":
                // A call of a tool that takes nothing streams no input.
                if (_withoutInput.Remove(index)) SendEmptyArguments(_calls[index]);
                break;

            case "message_delta":
                if (data.Get("delta"u8).Get("stop_reason"u8) is { IsText: true } reason) SendFinish(ChatUsage.FinishOf(reason));
                break;

            case "ping":
                Write(": ping\n\n"u8);
                break;
        }
    }

    private void ReadStart(int index, JsonElement block)
    {
        var type = block.Get("type"u8);
        if (type.Is("text"u8)) SendText("content"u8, block.Get("text"u8));
        else if (type.Is("thinking"u8)) ReadThinking(block);
        else if (type.Is("redacted_thinking"u8)) SendRedacted(block);
        else if (type.Is("tool_use"u8)) ReadCall(index, block);
    }

    private void ReadPiece(int index, JsonElement delta)
    {
        var type = delta.Get("type"u8);
        if (type.Is("text_delta"u8)) SendText("content"u8, delta.Get("text"u8));
        else if (type.Is("thinking_delta"u8) || type.Is("signature_delta"u8)) ReadThinking(delta);
        else if (delta.Get("partial_json"u8) is { HasText: true } piece && _calls.TryGetValue(index, out var number))
        {
            _withoutInput.Remove(index);
            SendArguments(number, piece);
        }
    }

    /// <summary>A piece of thinking, or its signature.</summary>
    private void ReadThinking(JsonElement piece)
    {
        var signature = piece.Get("signature"u8);
        if (!signature.HasText)
        {
            SendThinking(piece.Get("thinking"u8));
            return;
        }

        BeginThinking(piece.Get("thinking"u8));
        Json.WriteCopy("signature"u8, signature);
        SendThinking();
    }

    private void SendRedacted(JsonElement block)
    {
        BeginRedacted();
        Json.WriteCopyIfAny("data"u8, block.Get("data"u8));
        SendThinking();
    }

    private void ReadCall(int index, JsonElement block)
    {
        // Nearly always empty here, and then it follows in pieces.
        var input = block.Get("input"u8);
        if (input.IsEmpty) _withoutInput.Add(index);
        SendCall(_calls[index] = _calls.Count, block.Get("id"u8), block.Get("name"u8), input.IsEmpty ? default : input.Raw);
    }

    private void SendEmptyArguments(int number)
    {
        BeginCall(number);
        Json.WriteStartObject("function"u8);
        Json.WriteString("arguments"u8, "{}"u8);
        Json.WriteEndObject();
        SendCall();
    }
}
