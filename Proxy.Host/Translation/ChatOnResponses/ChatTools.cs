using System.Text.Json;
using Proxy.Host.Translation.OnResponses;

namespace Proxy.Host.Translation.ChatOnResponses;

/// <summary>A chat request's tools, and which of them the model may use.</summary>
internal static class ChatTools
{
    public static void Write(JsonElement asked, Utf8JsonWriter json, Losses losses)
    {
        var tools = asked.Get("tools"u8);
        if (!tools.IsEmpty)
        {
            json.WriteStartArray("tools"u8);
            var index = 0;
            foreach (var tool in tools.Entries) WriteTool(tool, $"tools[{index++}]", json, losses);
            json.WriteEndArray();
        }

        WriteChoice(asked.Get("tool_choice"u8), json, losses);
    }

    private static void WriteTool(JsonElement tool, string path, Utf8JsonWriter json, Losses losses)
    {
        var function = tool.Get("function"u8);
        if (!tool.Get("type"u8).Is("function"u8) || !function.IsObject)
        {
            // Also the provider's own tools: what they answer has no place in a chat completion.
            losses.Content(path, $"A tool of the type '{tool.Get("type"u8).Text}'");
            return;
        }

        ResponseInput.WriteTool(function, function.Get("parameters"u8), json);
        losses.Rest(tool, path, "type", "function", "cache_control");
        losses.Rest(function, $"{path}.function", "name", "description", "parameters", "strict");
    }

    private static void WriteChoice(JsonElement choice, Utf8JsonWriter json, Losses losses)
    {
        if (choice.IsText) json.WriteCopy("tool_choice"u8, choice);
        else if (choice.Get("function"u8).Get("name"u8) is { IsText: true } name) ResponseInput.WriteChoice(name, json);
        else if (choice.Get("type"u8).Is("allowed_tools"u8)) WriteAllowed(choice.Get("allowed_tools"u8), json, losses);
        else if (!choice.IsNothing) losses.Parameter("tool_choice");
    }

    private static void WriteAllowed(JsonElement allowed, Utf8JsonWriter json, Losses losses)
    {
        json.WriteStartObject("tool_choice"u8);
        json.WriteString("type"u8, "allowed_tools"u8);
        json.WriteCopyIfAny("mode"u8, allowed.Get("mode"u8));
        json.WriteStartArray("tools"u8);
        foreach (var tool in allowed.Get("tools"u8).Entries)
        {
            if (tool.Get("function"u8).Get("name"u8) is not { IsText: true } name)
            {
                losses.Parameter("tool_choice.allowed_tools");
                continue;
            }

            json.WriteStartObject();
            json.WriteString("type"u8, "function"u8);
            json.WriteCopy("name"u8, name);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
