using System.Text.Json;
using Proxy.Host.Translation.OnResponses;

namespace Proxy.Host.Translation.ChatOnMessages;

/// <summary>The messages of a chat as a system prompt and turns of user and assistant.</summary>
internal static class ChatMessages
{
    public static void Write(JsonElement messages, Utf8JsonWriter json, Losses losses)
    {
        if (!messages.IsList)
        {
            losses.Invalid("messages", "a list");
            return;
        }

        var all = messages.EnumerateArray().ToList();
        WriteSystem(all, json, losses);
        json.WriteStartArray("messages"u8);
        for (var index = 0; index < all.Count; index++)
        {
            var message = all[index];
            var path = $"messages[{index}]";
            if (IsSystem(message)) continue;

            if (message.Get("role"u8).Is("tool"u8)) index = WriteResults(all, index, json, losses);
            else if (message.Get("role"u8).Is("user"u8)) WriteUser(message, path, json, losses);
            else if (message.Get("role"u8).Is("assistant"u8)) WriteAssistant(message, path, json, losses);
            else losses.Content(path, $"The role '{message.Get("role"u8).Text}'");
        }

        json.WriteEndArray();
    }

    private static bool IsSystem(JsonElement message) => message.Get("role"u8) is var role && (role.Is("system"u8) || role.Is("developer"u8));

    /// <summary>The system prompt stands before all turns: an instruction amid them can only be moved there, which is a change.</summary>
    private static void WriteSystem(List<JsonElement> messages, Utf8JsonWriter json, Losses losses)
    {
        var first = messages.FindIndex(IsSystem);
        if (first < 0) return;

        json.WriteStartArray("system"u8);
        var leading = messages.FindIndex(message => !IsSystem(message));
        for (var index = first; index < messages.Count; index++)
        {
            var message = messages[index];
            if (!IsSystem(message)) continue;

            var path = $"messages[{index}]";
            if (leading >= 0 && index > leading && !losses.Parameter($"{path}.role")) break;

            ChatContent.WriteBlocks(message, $"{path}.content", json, losses);
            losses.Rest(message, path, "role", "content", "cache_control");
        }

        json.WriteEndArray();
    }

    private static void WriteUser(JsonElement message, string path, Utf8JsonWriter json, Losses losses)
    {
        json.WriteStartObject();
        json.WriteString("role"u8, "user"u8);
        WriteContent(message, path, json, losses);
        json.WriteEndObject();
        losses.Rest(message, path, "role", "content", "cache_control");
    }

    private static void WriteContent(JsonElement message, string path, Utf8JsonWriter json, Losses losses)
    {
        var content = message.Get("content"u8);
        if (content.IsText && message.Get("cache_control"u8).IsNothing)
        {
            json.WriteCopy("content"u8, content);
            return;
        }

        json.WriteStartArray("content"u8);
        ChatContent.WriteBlocks(message, $"{path}.content", json, losses);
        json.WriteEndArray();
    }

    private static void WriteAssistant(JsonElement message, string path, Utf8JsonWriter json, Losses losses)
    {
        var (calls, thinking, refusal) = (message.Get("tool_calls"u8), message.Get("thinking_blocks"u8), message.Get("refusal"u8));
        losses.Rest(message, path, "role", "content", "cache_control", "tool_calls", "thinking_blocks", "refusal", "reasoning_content");
        if (thinking.IsEmpty && !message.Get("reasoning_content"u8).IsEmpty) losses.Omit("reasoning_content");

        json.WriteStartObject();
        json.WriteString("role"u8, "assistant"u8);
        if (calls.IsEmpty && thinking.IsEmpty && !refusal.HasText)
        {
            WriteContent(message, path, json, losses);
            json.WriteEndObject();
            return;
        }

        json.WriteStartArray("content"u8);
        foreach (var block in thinking.Entries) WriteThinking(block, json, losses);
        ChatContent.WriteBlocks(message, $"{path}.content", json, losses);
        if (refusal.HasText) ChatContent.WriteText(refusal, cache: default, json);
        var index = 0;
        foreach (var call in calls.Entries) WriteCall(call, $"{path}.tool_calls[{index++}]", json, losses);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>Thinking goes back only with its signature, by which the provider knows it as its own.</summary>
    private static void WriteThinking(JsonElement block, Utf8JsonWriter json, Losses losses)
    {
        if (SealedReasoning.IsOne(block)) losses.Omit("thinking_blocks");
        else if (block.Get("signature"u8).HasText || block.Get("type"u8).Is("redacted_thinking"u8)) json.WriteCopy(block);
        else losses.Omit("thinking_blocks");
    }

    private static void WriteCall(JsonElement call, string path, Utf8JsonWriter json, Losses losses)
    {
        var function = call.Get("function"u8);
        if (!function.IsObject)
        {
            losses.Content(path, $"A call of the type '{call.Get("type"u8).Text}'");
            return;
        }

        json.WriteStartObject();
        json.WriteString("type"u8, "tool_use"u8);
        json.WriteCopyIfAny("id"u8, call.Get("id"u8));
        json.WriteCopyIfAny("name"u8, function.Get("name"u8));
        json.WritePropertyName("input"u8);
        if (!ToolInput.TryWrite(function.Get("arguments"u8), json)) losses.Invalid($"{path}.function.arguments", "the text of a JSON object");
        json.WriteCopyIfAny("cache_control"u8, call.Get("cache_control"u8));
        json.WriteEndObject();
    }

    /// <summary>The results of calls that were made together belong into one turn, with what the user says next.</summary>
    /// <returns>The index of the last message of the turn.</returns>
    private static int WriteResults(List<JsonElement> messages, int index, Utf8JsonWriter json, Losses losses)
    {
        json.WriteStartObject();
        json.WriteString("role"u8, "user"u8);
        json.WriteStartArray("content"u8);
        for (; index < messages.Count && messages[index].Get("role"u8).Is("tool"u8); index++) WriteResult(messages[index], $"messages[{index}]", json, losses);

        var hasWords = index < messages.Count && messages[index].Get("role"u8).Is("user"u8);
        if (hasWords)
        {
            ChatContent.WriteBlocks(messages[index], $"messages[{index}].content", json, losses);
            losses.Rest(messages[index], $"messages[{index}]", "role", "content", "cache_control");
        }

        json.WriteEndArray();
        json.WriteEndObject();
        return hasWords ? index : index - 1;
    }

    private static void WriteResult(JsonElement message, string path, Utf8JsonWriter json, Losses losses)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, "tool_result"u8);
        json.WriteCopyIfAny("tool_use_id"u8, message.Get("tool_call_id"u8));
        if (message.Get("content"u8) is { IsText: true } text)
        {
            json.WriteCopy("content"u8, text);
        }
        else
        {
            json.WriteStartArray("content"u8);
            ChatContent.WriteParts(message.Get("content"u8), $"{path}.content", json, losses);
            json.WriteEndArray();
        }

        json.WriteCopyIfAny("cache_control"u8, message.Get("cache_control"u8));
        json.WriteEndObject();
        losses.Rest(message, path, "role", "content", "tool_call_id", "cache_control");
    }
}
