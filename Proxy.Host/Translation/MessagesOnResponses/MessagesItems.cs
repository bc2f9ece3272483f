using System.Text.Json;
using Proxy.Host.Translation.OnResponses;

namespace Proxy.Host.Translation.MessagesOnResponses;

/// <summary>System prompt and turns of a Messages request as the items of a response's input, block by block in their order.</summary>
internal static class MessagesItems
{
    public static void Write(JsonElement asked, Utf8JsonWriter json, Losses losses)
    {
        var messages = asked.Get("messages"u8);
        if (!messages.IsList)
        {
            losses.Invalid("messages", "a list");
            return;
        }

        json.WriteStartArray("input"u8);
        if (asked.Get("system"u8) is { IsEmpty: false } system) WriteMessage("system"u8, system, "system", json, losses);
        var index = 0;
        foreach (var message in messages.EnumerateArray())
        {
            var path = $"messages[{index++}]";
            var role = message.Get("role"u8);
            if (role.Is("user"u8) || role.Is("assistant"u8) || role.Is("system"u8)) WriteMessage(role.Utf8, message.Get("content"u8), $"{path}.content", json, losses);
            else losses.Content(path, $"The role '{role.Text}'");

            if (message.IsObject) losses.Rest(message, path, "role", "content");
        }

        json.WriteEndArray();
    }

    private static void WriteMessage(ReadOnlySpan<byte> role, JsonElement content, string path, Utf8JsonWriter json, Losses losses)
    {
        if (content.IsText)
        {
            ResponseInput.BeginMessage(role, json);
            json.WriteCopy("content"u8, content);
            json.WriteEndObject();
        }
        else if (content.IsList)
        {
            WriteBlocks(role, content, path, json, losses);
        }
        else
        {
            losses.Invalid(path, "a string or a list");
        }
    }

    /// <summary>Calls, results and thoughts are items of their own; what is said between them is a message each.</summary>
    private static void WriteBlocks(ReadOnlySpan<byte> role, JsonElement content, string path, Utf8JsonWriter json, Losses losses)
    {
        var index = 0;
        var isOpen = false;
        foreach (var block in content.EnumerateArray())
        {
            var place = $"{path}[{index++}]";
            var type = block.Get("type"u8);
            var isItem = type.Is("tool_use"u8) || type.Is("tool_result"u8) || type.Is("thinking"u8) || type.Is("redacted_thinking"u8);
            if (isItem == isOpen)
            {
                if (isOpen) EndMessage(json);
                else BeginMessage(role, json);
                isOpen = !isOpen;
            }

            if (!isItem) MessagesParts.Write(block, role.SequenceEqual("assistant"u8), place, json, losses);
            else WriteItem(block, place, json, losses);
        }

        if (isOpen) EndMessage(json);
    }

    private static void BeginMessage(ReadOnlySpan<byte> role, Utf8JsonWriter json)
    {
        ResponseInput.BeginMessage(role, json);
        json.WriteStartArray("content"u8);
    }

    private static void EndMessage(Utf8JsonWriter json)
    {
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteItem(JsonElement block, string path, Utf8JsonWriter json, Losses losses)
    {
        var type = block.Get("type"u8);
        if (type.Is("tool_use"u8))
        {
            ResponseInput.BeginCall(block.Get("id"u8), block.Get("name"u8), json);
            json.WriteString("arguments"u8, block.Get("input"u8) is { IsObject: true } input ? input.Raw : "{}"u8);
            json.WriteEndObject();
            losses.Rest(block, path, "type", "id", "name", "input", "cache_control", "caller");
        }
        else if (type.Is("tool_result"u8))
        {
            WriteResult(block, path, json, losses);
        }
        else if (!SealedReasoning.TryWriteItem(block, json))
        {
            losses.Omit("thinking");
        }
    }

    /// <summary>There is no mark for a tool that failed, so the words say it.</summary>
    private static void WriteResult(JsonElement block, string path, Utf8JsonWriter json, Losses losses)
    {
        var (content, isError) = (block.Get("content"u8), block.Get("is_error"u8).IsTrue);
        ResponseInput.BeginResult(block.Get("tool_use_id"u8), json);
        if (content.IsText || content.IsEmpty)
        {
            json.WriteString("output"u8, (byte[])[.. isError ? "Error: "u8 : default, .. content.IsText ? content.Utf8 : default]);
        }
        else
        {
            json.WriteStartArray("output"u8);
            if (isError) MessagesParts.WriteText("Error: "u8, json);
            var index = 0;
            foreach (var part in content.Entries) MessagesParts.Write(part, isAssistant: false, $"{path}.content[{index++}]", json, losses);
            json.WriteEndArray();
        }

        json.WriteEndObject();
        losses.Rest(block, path, "type", "tool_use_id", "content", "is_error", "cache_control");
    }
}
