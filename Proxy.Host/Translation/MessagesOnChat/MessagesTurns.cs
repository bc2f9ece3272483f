using System.Text.Json;

namespace Proxy.Host.Translation.MessagesOnChat;

/// <summary>System prompt and turns of a Messages request as the messages of a chat.</summary>
internal static class MessagesTurns
{
    public static void Write(JsonElement asked, Utf8JsonWriter json, Losses losses)
    {
        var messages = asked.Get("messages"u8);
        if (!messages.IsList)
        {
            losses.Invalid("messages", "a list");
            return;
        }

        json.WriteStartArray("messages"u8);
        WriteSystem(asked.Get("system"u8), json, losses);
        var index = 0;
        foreach (var message in messages.EnumerateArray())
        {
            var path = $"messages[{index++}]";
            if (message.Get("role"u8).Is("user"u8)) WriteUser(message, path, json, losses);
            else if (message.Get("role"u8).Is("assistant"u8)) WriteAssistant(message, path, json, losses);
            else if (message.Get("role"u8).Is("system"u8)) WriteMessage("system"u8, message.Get("content"u8), $"{path}.content", json, losses);
            else losses.Content(path, $"The role '{message.Get("role"u8).Text}'");

            if (message.IsObject) losses.Rest(message, path, "role", "content");
        }

        json.WriteEndArray();
    }

    private static void WriteSystem(JsonElement system, Utf8JsonWriter json, Losses losses)
    {
        if (!system.IsEmpty) WriteMessage("system"u8, system, "system", json, losses);
    }

    private static void WriteMessage(ReadOnlySpan<byte> role, JsonElement content, string path, Utf8JsonWriter json, Losses losses)
    {
        json.WriteStartObject();
        json.WriteString("role"u8, role);
        json.WritePropertyName("content"u8);
        MessagesContent.WriteContent(content, path, json, losses);
        json.WriteEndObject();
    }

    /// <summary>Each result of a tool is a message of its own, and must follow the calls at once; what the user says beside them comes after.</summary>
    private static void WriteUser(JsonElement message, string path, Utf8JsonWriter json, Losses losses)
    {
        var content = message.Get("content"u8);
        var (results, media) = (0, 0);
        foreach (var block in content.Entries)
        {
            if (!block.Get("type"u8).Is("tool_result"u8)) continue;

            results++;
            media += ToolResults.Write(block, $"{path}.content", json, losses);
        }

        if (results == 0)
        {
            WriteMessage("user"u8, content, $"{path}.content", json, losses);
            return;
        }

        if (media == 0 && content.GetArrayLength() == results) return;

        json.WriteStartObject();
        json.WriteString("role"u8, "user"u8);
        json.WriteStartArray("content"u8);
        foreach (var block in content.EnumerateArray())
        {
            if (block.Get("type"u8).Is("tool_result"u8)) ToolResults.WriteMedia(block, $"{path}.content", json, losses);
        }

        MessagesContent.WriteParts(content, $"{path}.content", json, losses);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteAssistant(JsonElement message, string path, Utf8JsonWriter json, Losses losses)
    {
        var content = message.Get("content"u8);
        json.WriteStartObject();
        json.WriteString("role"u8, "assistant"u8);
        json.WritePropertyName("content"u8);
        if (content.IsList && !content.EnumerateArray().Any(block => block.Get("type"u8).Is("text"u8))) json.WriteNullValue();
        else MessagesContent.WriteContent(content, $"{path}.content", json, losses);
        WriteCalls(content, $"{path}.content", json, losses);
        json.WriteEndObject();
    }

    private static void WriteCalls(JsonElement content, string path, Utf8JsonWriter json, Losses losses)
    {
        var (index, count) = (-1, 0);
        foreach (var block in content.Entries)
        {
            index++;
            var type = block.Get("type"u8);
            if (type.Is("thinking"u8) || type.Is("redacted_thinking"u8)) losses.Omit("thinking");
            if (!type.Is("tool_use"u8))
            {
                if (!MessagesContent.IsPart(type) && !type.Is("thinking"u8) && !type.Is("redacted_thinking"u8))
                    losses.Content($"{path}[{index}]", $"Content of the type '{type.Text}'");
                continue;
            }

            if (count++ == 0) json.WriteStartArray("tool_calls"u8);
            json.WriteStartObject();
            json.WriteCopyIfAny("id"u8, block.Get("id"u8));
            json.WriteString("type"u8, "function"u8);
            json.WriteStartObject("function"u8);
            json.WriteCopyIfAny("name"u8, block.Get("name"u8));
            json.WriteString("arguments"u8, block.Get("input"u8) is { IsObject: true } input ? input.Raw : "{}"u8);
            json.WriteEndObject();
            json.WriteEndObject();
            losses.Rest(block, path, "type", "id", "name", "input", "cache_control", "caller");
        }

        if (count > 0) json.WriteEndArray();
    }
}
