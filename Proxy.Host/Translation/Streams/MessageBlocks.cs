using System.Text.Json;
using Proxy.Host.Answers;
using Proxy.Host.Translation.MessagesOnChat;

namespace Proxy.Host.Translation.Streams;

/// <summary>Writes the events of a message: one block is open at a time.</summary>
internal abstract class MessageBlocks(TranslatedCall call, AnswerDigest digest) : EventTranslator
{
    private bool _hasStarted;

    protected enum Block
    {
        None,
        Thinking,
        Text,
        Tool,
    }

    /// <summary>What kind of block is open.</summary>
    protected Block Opened { get; private set; }

    /// <summary>The number of the block that is open, or was last.</summary>
    protected int Number { get; private set; } = -1;

    /// <summary>Why it stops.</summary>
    protected abstract ReadOnlySpan<byte> Stop { get; }

    /// <summary>The sequence that it stopped at, where that is known.</summary>
    protected virtual string? StopSequence => null;

    protected override void WriteEnd()
    {
        Start();
        Close();
        Begin("event: message_delta\ndata: "u8);
        Json.WriteString("type"u8, "message_delta"u8);
        Json.WriteStartObject("delta"u8);
        Json.WriteString("stop_reason"u8, Stop);
        Json.WriteString("stop_sequence"u8, StopSequence);
        Json.WriteEndObject();
        MessageUsage.Write(Json, digest.Usage ?? default);
        Send();
        Write("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"u8);
    }

    protected void Start(string? id = null, string? model = null)
    {
        if (_hasStarted) return;

        _hasStarted = true;
        Begin("event: message_start\ndata: "u8);
        Json.WriteString("type"u8, "message_start"u8);
        Json.WriteStartObject("message"u8);
        Json.WriteString("id"u8, id ?? "msg");
        Json.WriteString("type"u8, "message"u8);
        Json.WriteString("role"u8, "assistant"u8);
        Json.WriteString("model"u8, model ?? call.UpstreamModel);
        Json.WriteStartArray("content"u8);
        Json.WriteEndArray();
        Json.WriteNull("stop_reason"u8);
        Json.WriteNull("stop_sequence"u8);

        // What it used is known at its end.
        MessageUsage.Write(Json, digest.Usage ?? default);
        Json.WriteEndObject();
        Send();
    }

    protected void SendThinking(JsonElement text)
    {
        if (!text.HasText) return;

        if (Opened != Block.Thinking) OpenThinking();
        SendPiece("thinking_delta"u8, "thinking"u8, text);
    }

    protected void SendText(JsonElement text)
    {
        if (!text.HasText) return;

        if (Opened != Block.Text) Open(Block.Text, "text"u8);
        SendPiece("text_delta"u8, "text"u8, text);
    }

    protected void OpenThinking() => Open(Block.Thinking, "thinking"u8);

    protected void OpenCall(string id, JsonElement name)
    {
        Close();
        BeginBlock(Block.Tool, "tool_use"u8);
        Json.WriteString("id"u8, id);
        Json.WriteCopyIfAny("name"u8, name);
        Json.WriteStartObject("input"u8);
        Json.WriteEndObject();
        SendBlock();
    }

    /// <summary>Begins the event that opens a block, and its object.</summary>
    protected void BeginBlock(Block kind, ReadOnlySpan<byte> type)
    {
        Opened = kind;
        Number++;
        Begin("event: content_block_start\ndata: "u8);
        Json.WriteString("type"u8, "content_block_start"u8);
        Json.WriteNumber("index"u8, Number);
        Json.WriteStartObject("content_block"u8);
        Json.WriteString("type"u8, type);
    }

    protected void SendBlock()
    {
        Json.WriteEndObject();
        Send();
    }

    protected void SendPiece(ReadOnlySpan<byte> type, ReadOnlySpan<byte> field, JsonElement piece)
    {
        BeginPiece(type);
        Json.WriteCopy(field, piece);
        SendBlock();
    }

    protected void BeginPiece(ReadOnlySpan<byte> type)
    {
        Begin("event: content_block_delta\ndata: "u8);
        Json.WriteString("type"u8, "content_block_delta"u8);
        Json.WriteNumber("index"u8, Number);
        Json.WriteStartObject("delta"u8);
        Json.WriteString("type"u8, type);
    }

    protected void Close()
    {
        if (Opened == Block.None) return;

        Opened = Block.None;
        Begin("event: content_block_stop\ndata: "u8);
        Json.WriteString("type"u8, "content_block_stop"u8);
        Json.WriteNumber("index"u8, Number);
        Send();
    }

    private void Open(Block kind, ReadOnlySpan<byte> type)
    {
        Close();
        BeginBlock(kind, type);
        Json.WriteString(type, ""u8);
        if (kind == Block.Thinking) Json.WriteString("signature"u8, ""u8);
        SendBlock();
    }
}
