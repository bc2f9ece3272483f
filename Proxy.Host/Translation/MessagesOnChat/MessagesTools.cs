using System.Text.Json;

namespace Proxy.Host.Translation.MessagesOnChat;

/// <summary>A Messages request's tools, and which of them the model may use.</summary>
internal static class MessagesTools
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

        WriteChoice(asked.Get("tool_choice"u8), !tools.IsEmpty, json, losses);
    }

    private static void WriteTool(JsonElement tool, string path, Utf8JsonWriter json, Losses losses)
    {
        if (!MessagesFields.IsFunction(tool, path, losses)) return;

        json.WriteStartObject();
        json.WriteString("type"u8, "function"u8);
        json.WriteStartObject("function"u8);
        json.WriteCopyIfAny("name"u8, tool.Get("name"u8));
        json.WriteCopyIfAny("description"u8, tool.Get("description"u8));
        json.WriteCopyIfAny("parameters"u8, tool.Get("input_schema"u8));
        json.WriteCopyIfAny("strict"u8, tool.Get("strict"u8));
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteChoice(JsonElement choice, bool hasTools, Utf8JsonWriter json, Losses losses)
    {
        if (choice.IsNothing) return;

        var type = choice.Get("type"u8);
        if (choice.Get("disable_parallel_tool_use"u8).IsTrue && hasTools) json.WriteBoolean("parallel_tool_calls"u8, value: false);
        if (type.Is("auto"u8) || type.Is("none"u8))
        {
            json.WriteCopy("tool_choice"u8, type);
        }
        else if (type.Is("any"u8))
        {
            json.WriteString("tool_choice"u8, "required"u8);
        }
        else if (type.Is("tool"u8))
        {
            json.WriteStartObject("tool_choice"u8);
            json.WriteString("type"u8, "function"u8);
            json.WriteStartObject("function"u8);
            json.WriteCopyIfAny("name"u8, choice.Get("name"u8));
            json.WriteEndObject();
            json.WriteEndObject();
        }
        else
        {
            losses.Parameter("tool_choice");
        }
    }
}
