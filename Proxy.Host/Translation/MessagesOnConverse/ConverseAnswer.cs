using System.Text.Json;
using Proxy.Host.Answers;
using Proxy.Host.Translation.MessagesOnChat;

namespace Proxy.Host.Translation.MessagesOnConverse;

/// <summary>A whole answer of the Converse API as a message.</summary>
internal static class ConverseAnswer
{
    private static readonly string[] Known = ["text", "toolUse", "reasoningContent", "citationsContent"];

    public static void Write(JsonElement answer, Utf8JsonWriter json, TranslatedCall call, AnswerDigest digest)
    {
        var content = answer.Get("output"u8).Get("message"u8).Get("content"u8);
        if (!content.IsList) throw new JsonException("An answer without content.");

        json.WriteStartObject();
        json.WriteString("id"u8, ConverseStop.NewId());
        json.WriteString("type"u8, "message"u8);
        json.WriteString("role"u8, "assistant"u8);
        json.WriteString("model"u8, call.UpstreamModel);
        json.WriteStartArray("content"u8);
        foreach (var block in content.EnumerateArray())
        {
            WriteBlock(block, json);
            foreach (var part in block.IsObject ? block.EnumerateObject() : default)
            {
                if (!Known.Contains(part.Name)) call.Losses.Omit($"answer.{part.Name}");
            }
        }

        json.WriteEndArray();
        json.WriteString("stop_reason"u8, ConverseStop.ReasonOf(answer.Get("stopReason"u8)));
        json.WriteString("stop_sequence"u8, ConverseStop.SequenceOf(answer));
        MessageUsage.Write(json, digest.Usage ?? default);
        json.WriteEndObject();
    }

    private static void WriteBlock(JsonElement block, Utf8JsonWriter json)
    {
        if (block.Get("text"u8) is { HasText: true } text) WriteText(text, json);
        else if (block.Get("toolUse"u8) is { IsObject: true } tool) WriteCall(tool, json);
        else if (block.Get("reasoningContent"u8) is { IsObject: true } reasoning) WriteThinking(reasoning, json);

        foreach (var cited in block.Get("citationsContent"u8).Get("content"u8).Entries)
        {
            if (cited.Get("text"u8) is { HasText: true } words) WriteText(words, json);
        }
    }

    private static void WriteText(JsonElement text, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, "text"u8);
        json.WriteCopy("text"u8, text);
        json.WriteEndObject();
    }

    private static void WriteCall(JsonElement tool, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, "tool_use"u8);
        json.WriteCopyIfAny("id"u8, tool.Get("toolUseId"u8));
        json.WriteCopyIfAny("name"u8, tool.Get("name"u8));
        json.WritePropertyName("input"u8);
        if (tool.Get("input"u8) is { IsObject: true } input) json.WriteCopy(input);
        else json.WriteRawValue("{}"u8, skipInputValidation: true);
        json.WriteEndObject();
    }

    private static void WriteThinking(JsonElement reasoning, Utf8JsonWriter json)
    {
        var (text, redacted) = (reasoning.Get("reasoningText"u8), reasoning.Get("redactedContent"u8));
        json.WriteStartObject();
        json.WriteString("type"u8, redacted.HasText ? "redacted_thinking"u8 : "thinking"u8);
        if (redacted.HasText)
        {
            json.WriteCopy("data"u8, redacted);
        }
        else
        {
            if (text.Get("text"u8) is { IsText: true } words) json.WriteCopy("thinking"u8, words);
            else json.WriteString("thinking"u8, ""u8);
            if (text.Get("signature"u8) is { IsText: true } signature) json.WriteCopy("signature"u8, signature);
            else json.WriteString("signature"u8, ""u8);
        }

        json.WriteEndObject();
    }
}
