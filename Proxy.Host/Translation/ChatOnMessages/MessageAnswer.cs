using System.Text.Json;
using Proxy.Host.Answers;

namespace Proxy.Host.Translation.ChatOnMessages;

/// <summary>A whole message as a chat completion. Thinking stands where LiteLLM's clients look for it, its signature with it.</summary>
internal static class MessageAnswer
{
    public static void Write(JsonElement answer, Utf8JsonWriter json, TranslatedCall call, AnswerDigest digest)
    {
        var content = answer.Get("content"u8);
        if (!content.IsList) throw new JsonException("A message without content.");

        json.WriteStartObject();
        json.WriteCopyIfAny("id"u8, answer.Get("id"u8));
        json.WriteString("object"u8, "chat.completion"u8);
        json.WriteNumber("created"u8, call.StartedAt.ToUnixTimeSeconds());
        json.WriteCopyIfAny("model"u8, answer.Get("model"u8));
        json.WriteStartArray("choices"u8);
        json.WriteStartObject();
        json.WriteNumber("index"u8, 0);
        WriteMessage(content, json);
        call.Losses.Unknown(content, "text", "thinking", "redacted_thinking", "tool_use");
        json.WriteNull("logprobs"u8);
        json.WriteString("finish_reason"u8, ChatUsage.FinishOf(answer.Get("stop_reason"u8)));
        json.WriteEndObject();
        json.WriteEndArray();
        if (digest.Usage is { } usage) ChatUsage.Write(json, usage);
        json.WriteEndObject();
    }

    private static void WriteMessage(JsonElement content, Utf8JsonWriter json)
    {
        json.WriteStartObject("message"u8);
        json.WriteString("role"u8, "assistant"u8);
        WriteJoined(content, "content"u8, "text"u8, json, isNullable: true);
        json.WriteNull("refusal"u8);
        WriteThinking(content, json);
        WriteCalls(content, json);
        json.WriteEndObject();
    }

    /// <summary>The texts of all blocks of a type as one.</summary>
    private static void WriteJoined(JsonElement content, ReadOnlySpan<byte> name, ReadOnlySpan<byte> type, Utf8JsonWriter json, bool isNullable = false)
    {
        using var joined = new JoinedText();
        var count = 0;
        foreach (var block in content.EnumerateArray())
        {
            if (!block.Get("type"u8).Is(type) || !block.Get(type).IsText) continue;

            joined.Append(block.Get(type));
            count++;
        }

        if (count > 0) joined.Write(name, json);
        else if (isNullable) json.WriteNull(name);
    }

    private static void WriteThinking(JsonElement content, Utf8JsonWriter json)
    {
        WriteJoined(content, "reasoning_content"u8, "thinking"u8, json);
        if (!content.EnumerateArray().Any(IsThinking)) return;

        json.WriteStartArray("thinking_blocks"u8);
        foreach (var block in content.EnumerateArray().Where(IsThinking)) json.WriteCopy(block);
        json.WriteEndArray();
    }

    private static bool IsThinking(JsonElement block) => block.Get("type"u8) is var type && (type.Is("thinking"u8) || type.Is("redacted_thinking"u8));

    private static void WriteCalls(JsonElement content, Utf8JsonWriter json)
    {
        var count = 0;
        foreach (var block in content.EnumerateArray())
        {
            if (!block.Get("type"u8).Is("tool_use"u8)) continue;

            if (count++ == 0) json.WriteStartArray("tool_calls"u8);
            json.WriteStartObject();
            json.WriteCopyIfAny("id"u8, block.Get("id"u8));
            json.WriteString("type"u8, "function"u8);
            json.WriteStartObject("function"u8);
            json.WriteCopyIfAny("name"u8, block.Get("name"u8));
            json.WriteString("arguments"u8, block.Get("input"u8) is { IsObject: true } input ? input.Raw : "{}"u8);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        if (count > 0) json.WriteEndArray();
    }
}
