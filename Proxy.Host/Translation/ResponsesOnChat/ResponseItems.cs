using System.Text.Json;

namespace Proxy.Host.Translation.ResponsesOnChat;

/// <summary>Instructions and input items of a response's request as the messages of a chat.</summary>
internal static class ResponseItems
{
    public static void Write(JsonElement asked, Utf8JsonWriter json, Losses losses)
    {
        var (instructions, input) = (asked.Get("instructions"u8), asked.Get("input"u8));
        json.WriteStartArray("messages"u8);
        if (instructions.HasText) WriteMessage("system"u8, instructions, json);
        if (input.IsText) WriteMessage("user"u8, input, json);
        else if (input.IsList) WriteItems([.. input.EnumerateArray()], json, losses);
        else losses.Invalid("input", "a string or a list");
        json.WriteEndArray();
    }

    private static void WriteMessage(ReadOnlySpan<byte> role, JsonElement content, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("role"u8, role);
        json.WriteCopy("content"u8, content);
        json.WriteEndObject();
    }

    private static void WriteItems(List<JsonElement> items, Utf8JsonWriter json, Losses losses)
    {
        for (var index = 0; index < items.Count; index++)
        {
            var item = items[index];
            var path = $"input[{index}]";
            var type = item.Get("type"u8);
            if (type.Is("function_call_output"u8)) WriteResult(item, path, json, losses);
            else if (type.Is("reasoning"u8)) losses.Omit("reasoning");
            else if (type.Is("function_call"u8) || item.Get("role"u8).Is("assistant"u8)) index = WriteAssistant(items, index, json, losses);
            else if ((type.IsNothing || type.Is("message"u8)) && item.Get("role"u8).IsText) WriteMessage(item, path, json, losses);
            else losses.Content(path, $"An item of the type '{type.Text}'");
        }
    }

    private static void WriteMessage(JsonElement item, string path, Utf8JsonWriter json, Losses losses)
    {
        json.WriteStartObject();
        json.WriteCopy("role"u8, item.Get("role"u8));
        WriteContent(item.Get("content"u8), $"{path}.content", json, losses);
        json.WriteEndObject();
        losses.Rest(item, path, "type", "role", "content", "id", "status");
    }

    /// <summary>What the assistant said and the tools that it called then are one message.</summary>
    /// <returns>The index of the last item of the message.</returns>
    private static int WriteAssistant(List<JsonElement> items, int index, Utf8JsonWriter json, Losses losses)
    {
        json.WriteStartObject();
        json.WriteString("role"u8, "assistant"u8);
        if (items[index].Get("role"u8).IsText) WriteContent(items[index].Get("content"u8), $"input[{index++}].content", json, losses);
        else json.WriteNull("content"u8);

        var first = index;
        for (; index < items.Count && items[index].Get("type"u8).Is("function_call"u8); index++)
        {
            var call = items[index];
            if (index == first) json.WriteStartArray("tool_calls"u8);
            json.WriteStartObject();
            json.WriteCopyIfAny("id"u8, call.Get("call_id"u8));
            json.WriteString("type"u8, "function"u8);
            json.WriteStartObject("function"u8);
            json.WriteCopyIfAny("name"u8, call.Get("name"u8));
            json.WriteCopyIfAny("arguments"u8, call.Get("arguments"u8));
            json.WriteEndObject();
            json.WriteEndObject();
        }

        if (index > first) json.WriteEndArray();
        json.WriteEndObject();
        return index - 1;
    }

    private static void WriteResult(JsonElement item, string path, Utf8JsonWriter json, Losses losses)
    {
        json.WriteStartObject();
        json.WriteString("role"u8, "tool"u8);
        json.WriteCopyIfAny("tool_call_id"u8, item.Get("call_id"u8));
        WriteContent(item.Get("output"u8), $"{path}.output", json, losses);
        json.WriteEndObject();
    }

    private static void WriteContent(JsonElement content, string path, Utf8JsonWriter json, Losses losses)
    {
        if (content.IsText)
        {
            json.WriteCopy("content"u8, content);
            return;
        }

        json.WriteStartArray("content"u8);
        var index = 0;
        foreach (var part in content.Entries) WritePart(part, $"{path}[{index++}]", json, losses);
        json.WriteEndArray();
    }

    private static void WritePart(JsonElement part, string path, Utf8JsonWriter json, Losses losses)
    {
        var type = part.Get("type"u8);
        json.WriteStartObject();
        if (type.Is("input_text"u8) || type.Is("output_text"u8))
        {
            json.WriteString("type"u8, "text"u8);
            json.WriteCopyIfAny("text"u8, part.Get("text"u8));
        }
        else if (type.Is("refusal"u8))
        {
            json.WriteString("type"u8, "refusal"u8);
            json.WriteCopyIfAny("refusal"u8, part.Get("refusal"u8));
        }
        else if (type.Is("input_image"u8) && part.Get("image_url"u8).HasText)
        {
            json.WriteString("type"u8, "image_url"u8);
            json.WriteStartObject("image_url"u8);
            json.WriteCopy("url"u8, part.Get("image_url"u8));
            json.WriteCopyIfAny("detail"u8, part.Get("detail"u8));
            json.WriteEndObject();
        }
        else if (type.Is("input_file"u8) && part.Get("file_data"u8).HasText)
        {
            json.WriteString("type"u8, "file"u8);
            json.WriteStartObject("file"u8);
            json.WriteCopyIfAny("filename"u8, part.Get("filename"u8));
            json.WriteCopy("file_data"u8, part.Get("file_data"u8));
            json.WriteEndObject();
        }
        else
        {
            losses.Content(path, $"Content of the type '{type.Text}' in this form");
        }

        json.WriteEndObject();
    }
}
