using System.Text.Json;
using Proxy.Host.Translation.MessagesOnChat;
using Proxy.Host.Translation.OnResponses;

namespace Proxy.Host.Translation.MessagesOnResponses;

/// <summary>Content blocks as the parts of an item: text, images, documents.</summary>
internal static class MessagesParts
{
    public static void Write(JsonElement block, bool isAssistant, string path, Utf8JsonWriter json, Losses losses)
    {
        var type = block.Get("type"u8);
        if (type.Is("text"u8))
        {
            ResponseInput.WriteText(isAssistant ? "output_text"u8 : "input_text"u8, block.Get("text"u8), json);
            losses.Rest(block, path, "type", "text", "cache_control", "citations");
        }
        else if (type.Is("image"u8) && !isAssistant)
        {
            WriteImage(block.Get("source"u8), path, json, losses);
            losses.Rest(block, path, "type", "source", "cache_control");
        }
        else if (type.Is("document"u8) && !isAssistant)
        {
            WriteDocument(block, path, json, losses);
            losses.Rest(block, path, "type", "source", "title", "context", "cache_control", "citations");
        }
        else
        {
            losses.Content(path, $"Content of the type '{type.Text}'");
        }
    }

    public static void WriteText(ReadOnlySpan<byte> text, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, "input_text"u8);
        json.WriteString("text"u8, text);
        json.WriteEndObject();
    }

    private static void WriteImage(JsonElement source, string path, Utf8JsonWriter json, Losses losses)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, "input_image"u8);
        if (source.Get("type"u8).Is("url"u8)) json.WriteCopyIfAny("image_url"u8, source.Get("url"u8));
        else if (source.Get("type"u8).Is("base64"u8)) json.WriteString("image_url"u8, MessagesContent.DataUrl(source));
        else losses.Content($"{path}.source", "An image that is neither a URL nor base64");
        json.WriteEndObject();
    }

    private static void WriteDocument(JsonElement document, string path, Utf8JsonWriter json, Losses losses)
    {
        var (source, title) = (document.Get("source"u8), document.Get("title"u8));
        var type = source.Get("type"u8);
        if (document.Get("citations"u8).Get("enabled"u8).IsTrue) losses.Parameter($"{path}.citations");
        if (document.Get("context"u8) is { HasText: true } context) ResponseInput.WriteText("input_text"u8, context, json);

        if (type.Is("base64"u8))
        {
            json.WriteStartObject();
            json.WriteString("type"u8, "input_file"u8);
            if (title.HasText) json.WriteCopy("filename"u8, title);
            else json.WriteString("filename"u8, "document.pdf"u8);
            json.WriteString("file_data"u8, MessagesContent.DataUrl(source));
            json.WriteEndObject();
        }
        else if (type.Is("url"u8))
        {
            json.WriteStartObject();
            json.WriteString("type"u8, "input_file"u8);
            json.WriteCopyIfAny("file_url"u8, source.Get("url"u8));
            json.WriteEndObject();
        }
        else if (type.Is("text"u8))
        {
            if (title.HasText) ResponseInput.WriteText("input_text"u8, title, json);
            ResponseInput.WriteText("input_text"u8, source.Get("data"u8), json);
        }
        else if (type.Is("content"u8) && source.Get("content"u8) is { IsList: true } content)
        {
            var index = 0;
            foreach (var part in content.EnumerateArray()) Write(part, isAssistant: false, $"{path}.source.content[{index++}]", json, losses);
        }
        else
        {
            losses.Content($"{path}.source", "A document that is neither base64, text nor a URL");
        }
    }
}
