using System.Text;
using System.Text.Json;
using Proxy.Host.Answers;
using Proxy.Host.Translation.Streams;

namespace Proxy.Host.Translation.MessagesOnConverse;

/// <summary>An answer of the Converse API as it is streamed, as the events of a message.</summary>
internal sealed class ConverseStream(TranslatedCall call, AnswerDigest digest) : MessageBlocks(call, digest)
{
    private string _stop = "end_turn";
    private string? _sequence;
    private double? _index;

    protected override ReadOnlySpan<byte> Stop => Encoding.ASCII.GetBytes(_stop);

    protected override string? StopSequence => _sequence;

    protected override void Read(JsonElement data)
    {
        foreach (var property in data.EnumerateObject()) Read(property.Name, property.Value);
    }

    private void Read(string name, JsonElement value)
    {
        switch (name)
        {
            case "messageStart":
                Start(ConverseStop.NewId());
                break;

            case "contentBlockStart":
                Turn(value);
                if (value.Get("start"u8).Get("toolUse"u8) is { IsObject: true } tool) OpenCall(tool.Get("toolUseId"u8).Text ?? ToolInput.NewCallId(), tool.Get("name"u8));
                break;

            case "contentBlockDelta":
                Turn(value);
                ReadPiece(value.Get("delta"u8));
                break;

            case "contentBlockStop":
                Close();
                break;

            case "messageStop":
                _stop = ConverseStop.ReasonOf(value.Get("stopReason"u8));
                _sequence = ConverseStop.SequenceOf(value);
                break;
        }
    }

    /// <summary>Texts have no beginning of their own, but each block has a number.</summary>
    private void Turn(JsonElement value)
    {
        var index = value.Get("contentBlockIndex"u8).Number;
        if (index != _index) Close();
        _index = index;
    }

    private void ReadPiece(JsonElement delta)
    {
        var (input, reasoning) = (delta.Get("toolUse"u8).Get("input"u8), delta.Get("reasoningContent"u8));
        SendText(delta.Get("text"u8));
        if (input.HasText)
        {
            if (Opened != Block.Tool) throw new JsonException("A piece of a call whose block is closed.");

            SendPiece("input_json_delta"u8, "partial_json"u8, input);
        }

        SendThinking(reasoning.Get("text"u8));
        if (reasoning.Get("signature"u8) is { HasText: true } signature)
        {
            // What was thought may be withheld, and its signature told all the same.
            if (Opened != Block.Thinking) OpenThinking();
            SendPiece("signature_delta"u8, "signature"u8, signature);
        }

        if (reasoning.Get("redactedContent"u8) is { HasText: true } redacted) SendRedacted(redacted);
    }

    private void SendRedacted(JsonElement redacted)
    {
        Close();
        BeginBlock(Block.Thinking, "redacted_thinking"u8);
        Json.WriteCopy("data"u8, redacted);
        SendBlock();
    }
}
