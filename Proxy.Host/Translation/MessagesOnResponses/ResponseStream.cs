using System.Text.Json;
using Proxy.Host.Answers;
using Proxy.Host.Translation.MessagesOnChat;
using Proxy.Host.Translation.OnResponses;
using Proxy.Host.Translation.Streams;

namespace Proxy.Host.Translation.MessagesOnResponses;

/// <summary>A response as it is streamed, as the events of a message.</summary>
internal sealed class ResponseStream : MessageBlocks, IResponseParts
{
    private readonly ResponseEvents _events;
    private int? _call;
    private bool _hasCalls;
    private bool _isRefusal;

    public ResponseStream(TranslatedCall call, AnswerDigest digest)
        : base(call, digest) => _events = new ResponseEvents(this);

    protected override ReadOnlySpan<byte> Stop => MessageUsage.StopOf(_events.Finish, _hasCalls, _isRefusal);

    public void Begin(JsonElement response) => Start(response.Get("id"u8).Text, response.Get("model"u8).Text);

    public void AddText(JsonElement text) => SendText(text);

    public void AddRefusal(JsonElement text)
    {
        _isRefusal |= text.HasText;
        SendText(text);
    }

    public void AddThought(JsonElement text) => SendThinking(text);

    public void EndThought(JsonElement encrypted, bool wasTold)
    {
        if (encrypted.HasText && Opened == Block.Thinking)
        {
            BeginPiece("signature_delta"u8);
            SealedReasoning.WriteSignature("signature"u8, encrypted, Json);
            SendBlock();
        }
        else if (encrypted.HasText)
        {
            Close();
            BeginBlock(Block.Thinking, "redacted_thinking"u8);
            SealedReasoning.WriteSignature("data"u8, encrypted, Json);
            SendBlock();
        }

        // The next thought is a block of its own, with a signature of its own.
        Close();
    }

    public void BeginCall(int index, JsonElement item)
    {
        (_call, _hasCalls) = (index, true);
        OpenCall(item.Get("call_id"u8).Text ?? ToolInput.NewCallId(), item.Get("name"u8));
    }

    public void AddArguments(int index, JsonElement text)
    {
        if (!text.HasText) return;
        if (Opened != Block.Tool || _call != index) throw new JsonException("A piece of a call whose block is closed.");

        SendPiece("input_json_delta"u8, "partial_json"u8, text);
    }

    protected override void Read(JsonElement data) => _events.Read(data);
}
