using System.Text.Json;
using Proxy.Host.Translation.MessagesOnChat;

namespace Proxy.Host.Translation.MessagesOnConverse;

/// <summary>A Messages request's tools, and which of them the model may use.</summary>
internal static class MessagesTools
{
    public static void Write(JsonElement asked, Utf8JsonWriter json, Losses losses)
    {
        var (tools, choice) = (asked.Get("tools"u8), asked.Get("tool_choice"u8));
        if (tools.IsEmpty) return;

        json.WriteStartObject("toolConfig"u8);
        json.WriteStartArray("tools"u8);
        var index = 0;
        foreach (var tool in tools.Entries)
        {
            if (!MessagesFields.IsFunction(tool, $"tools[{index++}]", losses)) continue;

            WriteTool(tool, json);
            CachePoint.WriteIfAny(tool, json);
        }

        json.WriteEndArray();
        if (!choice.IsNothing) WriteChoice(choice, json, losses);
        json.WriteEndObject();
    }

    private static void WriteTool(JsonElement tool, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteStartObject("toolSpec"u8);
        json.WriteCopyIfAny("name"u8, tool.Get("name"u8));
        if (tool.Get("description"u8) is { HasText: true } description) json.WriteCopy("description"u8, description);
        json.WriteStartObject("inputSchema"u8);
        json.WritePropertyName("json"u8);
        if (tool.Get("input_schema"u8) is { IsObject: true } schema) json.WriteCopy(schema);
        else json.WriteRawValue("""{"type":"object","properties":{}}"""u8, skipInputValidation: true);
        json.WriteEndObject();
        if (tool.Get("strict"u8).IsTrue) json.WriteBoolean("strict"u8, value: true);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteChoice(JsonElement choice, Utf8JsonWriter json, Losses losses)
    {
        if (choice.Get("disable_parallel_tool_use"u8).IsTrue) losses.Parameter("tool_choice.disable_parallel_tool_use");
        var type = choice.Get("type"u8);
        if (type.Is("auto"u8) || type.Is("any"u8))
        {
            json.WriteStartObject("toolChoice"u8);
            json.WriteStartObject(type.Utf8);
            json.WriteEndObject();
            json.WriteEndObject();
        }
        else if (type.Is("tool"u8))
        {
            json.WriteStartObject("toolChoice"u8);
            json.WriteStartObject("tool"u8);
            json.WriteCopyIfAny("name"u8, choice.Get("name"u8));
            json.WriteEndObject();
            json.WriteEndObject();
        }
        else
        {
            // A model that must not use the tools that it is shown has no word there.
            losses.Parameter("tool_choice");
        }
    }
}
