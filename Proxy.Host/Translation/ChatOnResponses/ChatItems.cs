using System.Text.Json;
using Proxy.Host.Translation.OnResponses;

namespace Proxy.Host.Translation.ChatOnResponses;

/// <summary>The messages of a chat as the items of a response's input; instructions stay where they stand.</summary>
internal static class ChatItems
{
    public static void Write(JsonElement messages, Utf8JsonWriter json, Losses losses)
    {
        if (!messages.IsList)
        {
            losses.Invalid("messages", "a list");
            return;
        }

        json.WriteStartArray("input"u8);
        var index = 0;
        foreach (var message in messages.EnumerateArray())
        {
            var path = $"messages[{index++}]";
            var role = message.Get("role"u8);
            if (role.Is("assistant"u8)) WriteAssistant(message, path, json, losses);
            else if (role.Is("tool"u8)) WriteResult(message, path, json, losses);
            else if (role.Is("user"u8) || role.Is("system"u8) || role.Is("developer"u8)) WriteMessage(message, path, json, losses);
            else losses.Content(path, $"The role '{role.Text}'");
        }

        json.WriteEndArray();
    }

    private static void WriteMessage(JsonElement message, string path, Utf8JsonWriter json, Losses losses)
    {
        ResponseInput.BeginMessage(message.Get("role"u8).Utf8, json);
        WriteContent("content"u8, message.Get("content"u8), "input_text"u8, $"{path}.content", json, losses);
        json.WriteEndObject();
        losses.Rest(message, path, "role", "content", "cache_control");
    }

    /// <summary>What was thought comes before what it led to: words, then calls.</summary>
    private static void WriteAssistant(JsonElement message, string path, Utf8JsonWriter json, Losses losses)
    {
        var (content, refusal, thinking) = (message.Get("content"u8), message.Get("refusal"u8), message.Get("thinking_blocks"u8));
        losses.Rest(message, path, "role", "content", "cache_control", "tool_calls", "thinking_blocks", "refusal", "reasoning_content");
        if (thinking.IsEmpty && !message.Get("reasoning_content"u8).IsEmpty) losses.Omit("reasoning_content");
        foreach (var block in thinking.Entries)
        {
            if (!SealedReasoning.TryWriteItem(block, json)) losses.Omit("thinking_blocks");
        }

        if (!content.IsEmpty || refusal.HasText)
        {
            ResponseInput.BeginMessage("assistant"u8, json);
            if (!refusal.HasText) WriteContent("content"u8, content, "output_text"u8, $"{path}.content", json, losses);
            else WriteRefused(content, refusal, $"{path}.content", json, losses);
            json.WriteEndObject();
        }

        var index = 0;
        foreach (var call in message.Get("tool_calls"u8).Entries) WriteCall(call, $"{path}.tool_calls[{index++}]", json, losses);
    }

    private static void WriteRefused(JsonElement content, JsonElement refusal, string path, Utf8JsonWriter json, Losses losses)
    {
        json.WriteStartArray("content"u8);
        if (content.HasText) ResponseInput.WriteText("output_text"u8, content, json);
        else WriteParts(content, "output_text"u8, path, json, losses);
        WriteRefusal(refusal, json);
        json.WriteEndArray();
    }

    private static void WriteRefusal(JsonElement refusal, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, "refusal"u8);
        json.WriteCopyIfAny("refusal"u8, refusal);
        json.WriteEndObject();
    }

    private static void WriteCall(JsonElement call, string path, Utf8JsonWriter json, Losses losses)
    {
        var function = call.Get("function"u8);
        if (!function.IsObject)
        {
            losses.Content(path, $"A call of the type '{call.Get("type"u8).Text}'");
            return;
        }

        ResponseInput.BeginCall(call.Get("id"u8), function.Get("name"u8), json);
        json.WriteCopyIfAny("arguments"u8, function.Get("arguments"u8));
        json.WriteEndObject();
    }

    private static void WriteResult(JsonElement message, string path, Utf8JsonWriter json, Losses losses)
    {
        ResponseInput.BeginResult(message.Get("tool_call_id"u8), json);
        WriteContent("output"u8, message.Get("content"u8), "input_text"u8, $"{path}.content", json, losses);
        json.WriteEndObject();
        losses.Rest(message, path, "role", "content", "tool_call_id", "cache_control");
    }

    private static void WriteContent(ReadOnlySpan<byte> name, JsonElement content, ReadOnlySpan<byte> textType, string path, Utf8JsonWriter json, Losses losses)
    {
        if (content.IsText)
        {
            json.WriteCopy(name, content);
            return;
        }

        json.WriteStartArray(name);
        if (content.IsList) WriteParts(content, textType, path, json, losses);
        else losses.Invalid(path, "a string or a list");
        json.WriteEndArray();
    }

    private static void WriteParts(JsonElement content, ReadOnlySpan<byte> textType, string path, Utf8JsonWriter json, Losses losses)
    {
        var index = 0;
        foreach (var part in content.Entries)
        {
            var place = $"{path}[{index++}]";
            var type = part.Get("type"u8);
            var isInput = textType.SequenceEqual("input_text"u8);
            if (type.Is("text"u8)) ResponseInput.WriteText(textType, part.Get("text"u8), json);
            else if (type.Is("refusal"u8) && !isInput) WriteRefusal(part.Get("refusal"u8), json);
            else if (type.Is("image_url"u8) && isInput) WriteImage(part.Get("image_url"u8), place, json, losses);
            else if (type.Is("file"u8) && isInput) WriteFile(part.Get("file"u8), place, json, losses);
            else losses.Content(place, $"Content of the type '{type.Text}'");
        }
    }

    private static void WriteImage(JsonElement image, string path, Utf8JsonWriter json, Losses losses)
    {
        var url = image.IsText ? image : image.Get("url"u8);
        if (!url.HasText)
        {
            losses.Invalid($"{path}.image_url", "an object with a url");
            return;
        }

        json.WriteStartObject();
        json.WriteString("type"u8, "input_image"u8);
        json.WriteCopy("image_url"u8, url);
        json.WriteCopyIfAny("detail"u8, image.Get("detail"u8));
        json.WriteEndObject();
    }

    private static void WriteFile(JsonElement file, string path, Utf8JsonWriter json, Losses losses)
    {
        if (!file.Get("file_data"u8).HasText && !file.Get("file_id"u8).HasText)
        {
            losses.Invalid($"{path}.file", "an object with file_data or file_id");
            return;
        }

        json.WriteStartObject();
        json.WriteString("type"u8, "input_file"u8);
        json.WriteCopyIfAny("filename"u8, file.Get("filename"u8));
        json.WriteCopyIfAny("file_data"u8, file.Get("file_data"u8));
        json.WriteCopyIfAny("file_id"u8, file.Get("file_id"u8));
        json.WriteEndObject();
    }
}
