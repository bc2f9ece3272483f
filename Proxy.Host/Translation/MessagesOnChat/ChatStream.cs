using System.Text.Json;
using Proxy.Host.Answers;

namespace Proxy.Host.Translation.MessagesOnChat;

/// <summary>The chunks of a chat completion as the events of a message: one block is open at a time.</summary>
internal sealed class ChatStream(TranslatedCall call, AnswerDigest digest) : EventTranslator
{
    /// <summary>The block of each call, by the index that the provider gives it.</summary>
    private readonly Dictionary<int, (string Id, int Block)> _calls = [];
    private Block _open = Block.None;
    private int _block = -1;
    private bool _hasStarted;
    private bool _isRefusal;
    private string? _finish;

    private enum Block
    {
        None,
        Thinking,
        Text,
        Tool,
    }

    protected override void Read(JsonElement data)
    {
        var choice = default(JsonElement);
        foreach (var entry in data.Get("choices"u8).Entries)
        {
            // One choice is what a message can hold, and what was asked for.
            if ((entry.Get("index"u8).Number ?? 0) == 0) choice = entry;
        }

        if (!choice.IsObject) return;

        Start(data);
        _finish = choice.Get("finish_reason"u8).Text ?? _finish;
        var delta = choice.Get("delta"u8);
        ReadThinking(delta);
        SendText(delta.Get("content"u8));
        var refusal = delta.Get("refusal"u8);
        _isRefusal |= refusal.HasText;
        SendText(refusal);
        foreach (var piece in delta.Get("tool_calls"u8).Entries) ReadCall(piece);
    }

    protected override void WriteEnd()
    {
        Start(default);
        Close();
        Begin("event: message_delta\ndata: "u8);
        Json.WriteString("type"u8, "message_delta"u8);
        Json.WriteStartObject("delta"u8);
        Json.WriteString("stop_reason"u8, MessageUsage.StopOf(_finish, _calls.Count > 0, _isRefusal));
        Json.WriteNull("stop_sequence"u8);
        Json.WriteEndObject();
        MessageUsage.Write(Json, digest.Usage ?? default);
        Send();
        Write("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"u8);
    }

    private void Start(JsonElement data)
    {
        if (_hasStarted) return;

        _hasStarted = true;
        Begin("event: message_start\ndata: "u8);
        Json.WriteString("type"u8, "message_start"u8);
        Json.WriteStartObject("message"u8);
        Json.WriteString("id"u8, data.Get("id"u8).Text ?? "msg");
        Json.WriteString("type"u8, "message"u8);
        Json.WriteString("role"u8, "assistant"u8);
        Json.WriteString("model"u8, data.Get("model"u8).Text ?? call.UpstreamModel);
        Json.WriteStartArray("content"u8);
        Json.WriteEndArray();
        Json.WriteNull("stop_reason"u8);
        Json.WriteNull("stop_sequence"u8);

        // What it used is known at its end.
        MessageUsage.Write(Json, digest.Usage ?? default);
        Json.WriteEndObject();
        Send();
    }

    private void ReadThinking(JsonElement delta)
    {
        var text = delta.Get("reasoning_content"u8) is { HasText: true } own ? own : delta.Get("reasoning"u8);
        if (text.HasText)
        {
            if (_open != Block.Thinking) Open(Block.Thinking, "thinking"u8, "thinking"u8);
            SendPiece("thinking_delta"u8, "thinking"u8, text);
        }

        // Another gateway may hand on the signature, with which the thinking can go back.
        foreach (var block in delta.Get("thinking_blocks"u8).Entries)
        {
            if (_open == Block.Thinking && block.Get("signature"u8) is { HasText: true } signature) SendPiece("signature_delta"u8, "signature"u8, signature);
        }
    }

    private void SendText(JsonElement text)
    {
        if (!text.HasText) return;

        if (_open != Block.Text) Open(Block.Text, "text"u8, "text"u8);
        SendPiece("text_delta"u8, "text"u8, text);
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
            _calls[index] = known = (id, _block);
        }

        if (function.Get("arguments"u8) is not { HasText: true } arguments) return;
        if (_open != Block.Tool || known.Block != _block) throw new JsonException("A piece of a call whose block is closed.");

        SendPiece("input_json_delta"u8, "partial_json"u8, arguments);
    }

    private void OpenCall(string id, JsonElement name)
    {
        Close();
        BeginBlock(Block.Tool, "tool_use"u8);
        Json.WriteString("id"u8, id);
        Json.WriteCopyIfAny("name"u8, name);
        Json.WriteStartObject("input"u8);
        Json.WriteEndObject();
        Json.WriteEndObject();
        Send();
    }

    private void Open(Block kind, ReadOnlySpan<byte> type, ReadOnlySpan<byte> field)
    {
        Close();
        BeginBlock(kind, type);
        Json.WriteString(field, ""u8);
        if (kind == Block.Thinking) Json.WriteString("signature"u8, ""u8);
        Json.WriteEndObject();
        Send();
    }

    private void BeginBlock(Block kind, ReadOnlySpan<byte> type)
    {
        _open = kind;
        _block++;
        Begin("event: content_block_start\ndata: "u8);
        Json.WriteString("type"u8, "content_block_start"u8);
        Json.WriteNumber("index"u8, _block);
        Json.WriteStartObject("content_block"u8);
        Json.WriteString("type"u8, type);
    }

    private void SendPiece(ReadOnlySpan<byte> type, ReadOnlySpan<byte> field, JsonElement piece)
    {
        Begin("event: content_block_delta\ndata: "u8);
        Json.WriteString("type"u8, "content_block_delta"u8);
        Json.WriteNumber("index"u8, _block);
        Json.WriteStartObject("delta"u8);
        Json.WriteString("type"u8, type);
        Json.WriteCopy(field, piece);
        Json.WriteEndObject();
        Send();
    }

    private void Close()
    {
        if (_open == Block.None) return;

        _open = Block.None;
        Begin("event: content_block_stop\ndata: "u8);
        Json.WriteString("type"u8, "content_block_stop"u8);
        Json.WriteNumber("index"u8, _block);
        Send();
    }
}
