using System.Text.Json;
using Proxy.Host.Answers;

namespace Proxy.Host.Translation.MessagesOnChat;

/// <summary>A whole chat completion as a message.</summary>
internal static class ChatAnswer
{
    public static void Write(JsonElement answer, Utf8JsonWriter json, AnswerDigest digest)
    {
        var choice = answer.Get("choices"u8) is { IsEmpty: false } choices ? choices[0] : default;
        var message = choice.Get("message"u8);
        if (!message.IsObject) throw new JsonException("A chat completion without a message.");

        json.WriteStartObject();
        json.WriteCopyIfAny("id"u8, answer.Get("id"u8));
        json.WriteString("type"u8, "message"u8);
        json.WriteString("role"u8, "assistant"u8);
        json.WriteCopyIfAny("model"u8, answer.Get("model"u8));
        json.WriteStartArray("content"u8);
        WriteThinking(message, json);
        WriteText(message.Get("content"u8), json);
        WriteText(message.Get("refusal"u8), json);
        var calls = message.Get("tool_calls"u8);
        foreach (var call in calls.Entries) WriteCall(call, json);
        json.WriteEndArray();
        json.WriteString("stop_reason"u8, MessageUsage.StopOf(choice.Get("finish_reason"u8).Text, !calls.IsEmpty, message.Get("refusal"u8).HasText));
        json.WriteNull("stop_sequence"u8);
        MessageUsage.Write(json, digest.Usage ?? default);
        json.WriteEndObject();
    }

    /// <summary>Another gateway may hand on thinking with its signature; the reasoning of other providers has none.</summary>
    private static void WriteThinking(JsonElement message, Utf8JsonWriter json)
    {
        var signed = message.Get("thinking_blocks"u8);
        foreach (var block in signed.Entries) json.WriteCopy(block);

        var text = message.Get("reasoning_content"u8) is { HasText: true } own ? own : message.Get("reasoning"u8);
        if (!signed.IsEmpty || !text.HasText) return;

        json.WriteStartObject();
        json.WriteString("type"u8, "thinking"u8);
        json.WriteCopy("thinking"u8, text);
        json.WriteString("signature"u8, ""u8);
        json.WriteEndObject();
    }

    private static void WriteText(JsonElement text, Utf8JsonWriter json)
    {
        if (!text.HasText) return;

        json.WriteStartObject();
        json.WriteString("type"u8, "text"u8);
        json.WriteCopy("text"u8, text);
        json.WriteEndObject();
    }

    private static void WriteCall(JsonElement call, Utf8JsonWriter json)
    {
        var function = call.Get("function"u8);
        if (!function.IsObject) throw new JsonException("A call of something else than a function.");

        json.WriteStartObject();
        json.WriteString("type"u8, "tool_use"u8);
        if (call.Get("id"u8) is { HasText: true } id) json.WriteCopy("id"u8, id);
        else json.WriteString("id"u8, ToolInput.NewCallId());
        json.WriteCopyIfAny("name"u8, function.Get("name"u8));
        json.WritePropertyName("input"u8);
        ToolInput.Write(function.Get("arguments"u8), json);
        json.WriteEndObject();
    }
}
