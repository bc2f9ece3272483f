using System.Text.Json;
using Proxy.Host.Answers;
using Proxy.Host.Translation.OnResponses;
using Proxy.Host.Translation.Streams;

namespace Proxy.Host.Translation.ChatOnResponses;

/// <summary>A response as it is streamed, as the chunks of a chat completion.</summary>
internal sealed class ResponseStream : ChatChunks, IResponseParts
{
    private readonly ResponseEvents _events;
    private readonly Dictionary<int, int> _calls = [];
    private bool _hasBegun;

    public ResponseStream(TranslatedCall call, AnswerDigest digest)
        : base(call, digest) => _events = new ResponseEvents(this);

    protected override string Finish => _events.Finish ?? (_calls.Count > 0 ? "tool_calls" : "stop");

    public void Begin(JsonElement response)
    {
        if (_hasBegun) return;

        _hasBegun = true;
        Id = response.Get("id"u8).Text ?? Id;
        Model = response.Get("model"u8).Text ?? Model;
        SendStart();
    }

    public void AddText(JsonElement text) => SendText("content"u8, text);

    public void AddRefusal(JsonElement text) => SendText("refusal"u8, text);

    public void AddThought(JsonElement text) => SendThinking(text);

    /// <summary>What was thought has been told by then, if anything was.</summary>
    public void EndThought(JsonElement encrypted, bool wasTold)
    {
        if (!encrypted.HasText) return;

        if (wasTold) BeginThinking(text: default);
        else BeginRedacted();
        SealedReasoning.WriteSignature(wasTold ? "signature"u8 : "data"u8, encrypted, Json);
        SendThinking();
    }

    public void BeginCall(int index, JsonElement item) => SendCall(_calls[index] = _calls.Count, item.Get("call_id"u8), item.Get("name"u8), arguments: default);

    public void AddArguments(int index, JsonElement text)
    {
        if (!_calls.TryGetValue(index, out var number)) throw new JsonException("A piece of a call that has not begun.");
        if (text.HasText) SendArguments(number, text);
    }

    protected override void Read(JsonElement data) => _events.Read(data);
}
