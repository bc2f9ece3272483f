using System.Text.Json;
using Proxy.Host.Answers;
using Proxy.Host.Translation.Streams;

namespace Proxy.Host.Translation.MessagesOnChat;

/// <summary>The chunks of a chat completion as the events of a message.</summary>
internal sealed class ChatStream(TranslatedCall call, AnswerDigest digest) : MessageBlocks(call, digest)
{
    /// <summary>The block of each call, by the index that the provider gives it.</summary>
    private readonly Dictionary<int, (string Id, int Block)> _calls = [];
    private bool _isRefusal;
    private string? _finish;

    protected override ReadOnlySpan<byte> Stop => MessageUsage.StopOf(_finish, _calls.Count > 0, _isRefusal);

    protected override void Read(JsonElement data)
    {
        var choice = default(JsonElement);
        foreach (var entry in data.Get("choices"u8).Entries)
        {
            // One choice is what a message can hold, and what was asked for.
            if ((entry.Get("index"u8).Number ?? 0) == 0) choice = entry;
        }

        if (!choice.IsObject) return;

        Start(data.Get("id"u8).Text, data.Get("model"u8).Text);
        _finish = choice.Get("finish_reason"u8).Text ?? _finish;
        var delta = choice.Get("delta"u8);
        ReadThinking(delta);
        SendText(delta.Get("content"u8));
        var refusal = delta.Get("refusal"u8);
        _isRefusal |= refusal.HasText;
        SendText(refusal);
        foreach (var piece in delta.Get("tool_calls"u8).Entries) ReadCall(piece);
    }

    private void ReadThinking(JsonElement delta)
    {
        SendThinking(delta.Get("reasoning_content"u8) is { HasText: true } own ? own : delta.Get("reasoning"u8));

        // Another gateway may hand on the signature, with which the thinking can go back.
        foreach (var block in delta.Get("thinking_blocks"u8).Entries)
        {
            if (Opened == Block.Thinking && block.Get("signature"u8) is { HasText: true } signature) SendPiece("signature_delta"u8, "signature"u8, signature);
        }
    }

    private void ReadCall(JsonElement piece)
    {
        var index = (int)(piece.Get("index"u8).Number ?? 0);
        var function = piece.Get("function"u8);
        var id = piece.Get("id"u8) is { HasText: true } given ? given.Text : null;

        // Some servers give all calls the same index and tell them apart by their ids.
        if (!_calls.TryGetValue(index, out var known) || (id is not null && id != known.Id && function.Get("name"u8).HasText))
        {
            id ??= ToolInput.NewCallId();
            OpenCall(id, function.Get("name"u8));
            _calls[index] = known = (id, Number);
        }

        if (function.Get("arguments"u8) is not { HasText: true } arguments) return;
        if (Opened != Block.Tool || known.Block != Number) throw new JsonException("A piece of a call whose block is closed.");

        SendPiece("input_json_delta"u8, "partial_json"u8, arguments);
    }
}
