using System.Text.Json;

namespace Proxy.Host.Translation.ChatOnMessages;

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

        WriteChoice(asked.Get("tool_choice"u8), asked.Get("parallel_tool_calls"u8).ValueKind == JsonValueKind.False && !tools.IsEmpty, json, losses);
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

        json.WriteStartObject();
        json.WriteCopyIfAny("name"u8, function.Get("name"u8));
        json.WriteCopyIfAny("description"u8, function.Get("description"u8));
        if (function.Get("strict"u8).IsTrue) json.WriteBoolean("strict"u8, value: true);
        json.WritePropertyName("input_schema"u8);
        if (function.Get("parameters"u8) is { IsObject: true } parameters) json.WriteCopy(parameters);
        else json.WriteRawValue("""{"type":"object","properties":{}}"""u8, skipInputValidation: true);
        json.WriteCopyIfAny("cache_control"u8, tool.Get("cache_control"u8));
        json.WriteEndObject();
        losses.Rest(tool, path, "type", "function", "cache_control");
        losses.Rest(function, $"{path}.function", "name", "description", "parameters", "strict");
    }

    private static void WriteChoice(JsonElement choice, bool isOneByOne, Utf8JsonWriter json, Losses losses)
    {
        if (choice.IsNothing && !isOneByOne) return;

        var name = choice.Get("function"u8).Get("name"u8);
        if (choice.IsObject && !name.IsText)
        {
            losses.Parameter("tool_choice");
            return;
        }

        json.WriteStartObject("tool_choice"u8);
        json.WriteString("type"u8, name.IsText ? "tool"u8 : choice.Is("none"u8) ? "none"u8 : choice.Is("required"u8) ? "any"u8 : "auto"u8);
        json.WriteCopyIfAny("name"u8, name);
        if (isOneByOne && !choice.Is("none"u8)) json.WriteBoolean("disable_parallel_tool_use"u8, value: true);
        json.WriteEndObject();
    }
}
