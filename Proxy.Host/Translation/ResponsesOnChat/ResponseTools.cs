using System.Text.Json;

namespace Proxy.Host.Translation.ResponsesOnChat;

/// <summary>The tools of a response's request, whose functions stand flat.</summary>
internal static class ResponseTools
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
        if (!tool.Get("type"u8).Is("function"u8))
        {
            losses.Content(path, $"A tool of the type '{tool.Get("type"u8).Text}'");
            return;
        }

        json.WriteStartObject();
        json.WriteString("type"u8, "function"u8);
        json.WriteStartObject("function"u8);
        json.WriteCopyIfAny("name"u8, tool.Get("name"u8));
        json.WriteCopyIfAny("description"u8, tool.Get("description"u8));
        json.WriteCopyIfAny("parameters"u8, tool.Get("parameters"u8));
        json.WriteCopyIfAny("strict"u8, tool.Get("strict"u8));
        json.WriteEndObject();
        json.WriteEndObject();
        losses.Rest(tool, path, "type", "name", "description", "parameters", "strict");
    }

    private static void WriteChoice(JsonElement choice, Utf8JsonWriter json, Losses losses)
    {
        if (choice.IsText)
        {
            json.WriteCopy("tool_choice"u8, choice);
        }
        else if (choice.Get("type"u8).Is("function"u8))
        {
            json.WriteStartObject("tool_choice"u8);
            json.WriteString("type"u8, "function"u8);
            json.WriteStartObject("function"u8);
            json.WriteCopyIfAny("name"u8, choice.Get("name"u8));
            json.WriteEndObject();
            json.WriteEndObject();
        }
        else if (!choice.IsNothing)
        {
            losses.Parameter("tool_choice");
        }
    }
}
