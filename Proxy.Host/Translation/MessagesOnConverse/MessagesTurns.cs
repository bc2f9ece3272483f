using System.Text.Json;

namespace Proxy.Host.Translation.MessagesOnConverse;

/// <summary>System prompt and turns of a Messages request.</summary>
internal static class MessagesTurns
{
    public static void Write(JsonElement asked, Utf8JsonWriter json, Losses losses)
    {
        var (system, messages) = (asked.Get("system"u8), asked.Get("messages"u8));
        if (!messages.IsList)
        {
            losses.Invalid("messages", "a list");
            return;
        }

        if (!system.IsEmpty) WriteContent("system"u8, system, "system", new MessagesBlocks(json, losses), json, losses);
        json.WriteStartArray("messages"u8);
        var blocks = new MessagesBlocks(json, losses);
        var index = 0;
        foreach (var message in messages.EnumerateArray())
        {
            var path = $"messages[{index++}]";
            var role = message.Get("role"u8);
            if (!role.Is("user"u8) && !role.Is("assistant"u8))
            {
                losses.Content(path, $"The role '{role.Text}'");
                continue;
            }

            json.WriteStartObject();
            json.WriteCopy("role"u8, role);
            WriteContent("content"u8, message.Get("content"u8), $"{path}.content", blocks, json, losses);
            json.WriteEndObject();
            losses.Rest(message, path, "role", "content");
        }

        json.WriteEndArray();
    }

    private static void WriteContent(ReadOnlySpan<byte> name, JsonElement content, string path, MessagesBlocks blocks, Utf8JsonWriter json, Losses losses)
    {
        json.WriteStartArray(name);
        if (content.IsText) blocks.WriteText(content);
        else if (!content.IsList) losses.Invalid(path, "a string or a list");

        var index = 0;
        foreach (var block in content.Entries) blocks.Write(block, $"{path}[{index++}]");
        json.WriteEndArray();
    }
}
