using System.Text;
using System.Text.Json;

namespace Proxy.Host.Translation.MessagesOnChat;

/// <summary>Content blocks as the parts of a chat message: text, images, documents.</summary>
internal static class MessagesContent
{
    /// <summary>Whether blocks of the type are parts; calls and results of tools are not, and neither is thinking.</summary>
    public static bool IsPart(JsonElement type) => type.Is("text"u8) || type.Is("image"u8) || type.Is("document"u8);

    public static void WriteContent(JsonElement content, string path, Utf8JsonWriter json, Losses losses)
    {
        if (content.IsText)
        {
            json.WriteCopy(content);
            return;
        }

        json.WriteStartArray();
        if (content.IsList) WriteParts(content, path, json, losses);
        else losses.Invalid(path, "a string or a list");
        json.WriteEndArray();
    }

    /// <summary>All blocks that are parts of a message; of others it is said elsewhere what becomes of them.</summary>
    public static void WriteParts(JsonElement content, string path, Utf8JsonWriter json, Losses losses)
    {
        var index = 0;
        foreach (var block in content.EnumerateArray())
        {
            var type = block.Get("type"u8);
            if (!type.Is("tool_result"u8) && !type.Is("tool_use"u8) && !type.Is("thinking"u8) && !type.Is("redacted_thinking"u8))
                WritePart(block, $"{path}[{index}]", json, losses);
            index++;
        }
    }

    public static void WritePart(JsonElement block, string path, Utf8JsonWriter json, Losses losses)
    {
        var type = block.Get("type"u8);
        if (type.Is("text"u8))
        {
            WriteText(block.Get("text"u8), json);
            losses.Rest(block, path, "type", "text", "cache_control", "citations");
        }
        else if (type.Is("image"u8))
        {
            WriteImage(block.Get("source"u8), path, json, losses);
            losses.Rest(block, path, "type", "source", "cache_control");
        }
        else if (type.Is("document"u8))
        {
            WriteDocument(block, path, json, losses);
            losses.Rest(block, path, "type", "source", "title", "context", "cache_control", "citations");
        }
        else
        {
            losses.Content(path, $"Content of the type '{type.Text}'");
        }
    }

    private static void WriteText(JsonElement text, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, "text"u8);
        json.WriteCopyIfAny("text"u8, text);
        json.WriteEndObject();
    }

    private static void WriteImage(JsonElement source, string path, Utf8JsonWriter json, Losses losses)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, "image_url"u8);
        json.WriteStartObject("image_url"u8);
        if (source.Get("type"u8).Is("url"u8)) json.WriteCopyIfAny("url"u8, source.Get("url"u8));
        else if (source.Get("type"u8).Is("base64"u8)) json.WriteString("url"u8, DataUrl(source));
        else losses.Content($"{path}.source", "An image that is neither a URL nor base64");
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteDocument(JsonElement document, string path, Utf8JsonWriter json, Losses losses)
    {
        var source = document.Get("source"u8);
        if (document.Get("citations"u8).Get("enabled"u8).IsTrue) losses.Parameter($"{path}.citations");
        if (document.Get("context"u8) is { HasText: true } context) WriteText(context, json);

        if (source.Get("type"u8).Is("base64"u8))
        {
            json.WriteStartObject();
            json.WriteString("type"u8, "file"u8);
            json.WriteStartObject("file"u8);
            if (document.Get("title"u8) is { HasText: true } title) json.WriteCopy("filename"u8, title);
            else json.WriteString("filename"u8, "document.pdf"u8);
            json.WriteString("file_data"u8, DataUrl(source));
            json.WriteEndObject();
            json.WriteEndObject();
        }
        else if (source.Get("type"u8).Is("text"u8))
        {
            if (document.Get("title"u8) is { HasText: true } title) WriteText(title, json);
            WriteText(source.Get("data"u8), json);
        }
        else if (source.Get("type"u8).Is("content"u8) && source.Get("content"u8) is { IsList: true } content)
        {
            WriteParts(content, $"{path}.source.content", json, losses);
        }
        else
        {
            losses.Content($"{path}.source", "A document that is neither base64 nor text");
        }
    }

    public static byte[] DataUrl(JsonElement source)
    {
        var (type, data) = (source.Get("media_type"u8), source.Get("data"u8));
        return [.. "data:"u8, .. type.IsText ? type.Utf8 : Encoding.ASCII.GetBytes("application/octet-stream"), .. ";base64,"u8, .. data.IsText ? data.Utf8 : default];
    }
}
