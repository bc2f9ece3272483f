using System.Buffers.Text;
using System.Text.Json;

namespace Proxy.Host.Translation.ChatOnMessages;

/// <summary>The content of chat messages as content blocks: text, images, documents.</summary>
internal static class ChatContent
{
    /// <summary>A message's content, with what the message itself says of the cache.</summary>
    public static void WriteBlocks(JsonElement message, string path, Utf8JsonWriter json, Losses losses)
    {
        var content = message.Get("content"u8);
        if (content.IsText) WriteText(content, message.Get("cache_control"u8), json);
        else if (!content.IsNothing) WriteParts(content, path, json, losses);
    }

    /// <summary>The provider refuses empty text, which says nothing.</summary>
    public static void WriteText(JsonElement text, JsonElement cache, Utf8JsonWriter json)
    {
        if (!text.HasText) return;

        json.WriteStartObject();
        json.WriteString("type"u8, "text"u8);
        json.WriteCopy("text"u8, text);
        json.WriteCopyIfAny("cache_control"u8, cache);
        json.WriteEndObject();
    }

    public static void WriteParts(JsonElement content, string path, Utf8JsonWriter json, Losses losses)
    {
        if (!content.IsList)
        {
            losses.Invalid(path, "a string or a list");
            return;
        }

        var index = 0;
        foreach (var part in content.EnumerateArray()) WritePart(part, $"{path}[{index++}]", json, losses);
    }

    private static void WritePart(JsonElement part, string path, Utf8JsonWriter json, Losses losses)
    {
        var type = part.Get("type"u8);
        var cache = part.Get("cache_control"u8);
        if (type.Is("text"u8)) WriteText(part.Get("text"u8), cache, json);
        else if (type.Is("refusal"u8)) WriteText(part.Get("refusal"u8), cache, json);
        else if (type.Is("image_url"u8)) WriteImage(part.Get("image_url"u8), cache, path, json, losses);
        else if (type.Is("file"u8)) WriteFile(part.Get("file"u8), cache, path, json, losses);
        else if (part.Get("source"u8).IsObject) json.WriteCopy(part);
        else losses.Content(path, $"Content of the type '{type.Text}'");
    }

    private static void WriteImage(JsonElement image, JsonElement cache, string path, Utf8JsonWriter json, Losses losses)
    {
        var url = image.IsText ? image : image.Get("url"u8);
        if (!url.HasText)
        {
            losses.Invalid($"{path}.image_url", "an object with a url");
            return;
        }

        if (image.Get("detail"u8) is { IsText: true } detail && !detail.Is("auto"u8)) losses.Parameter($"{path}.image_url.detail");

        json.WriteStartObject();
        json.WriteString("type"u8, "image"u8);
        json.WriteStartObject("source"u8);
        var address = url.Utf8;
        if (TrySplit(address, out var mediaType, out var data))
        {
            json.WriteString("type"u8, "base64"u8);
            json.WriteString("media_type"u8, mediaType);
            json.WriteString("data"u8, data);
        }
        else
        {
            json.WriteString("type"u8, "url"u8);
            json.WriteCopy("url"u8, url);
        }

        json.WriteEndObject();
        json.WriteCopyIfAny("cache_control"u8, cache);
        json.WriteEndObject();
    }

    private static void WriteFile(JsonElement file, JsonElement cache, string path, Utf8JsonWriter json, Losses losses)
    {
        if (!file.Get("file_data"u8).HasText || !TrySplit(file.Get("file_data"u8).Utf8, out var mediaType, out var data))
        {
            losses.Content($"{path}.file", "A file that is not given as a data URL");
            return;
        }

        json.WriteStartObject();
        json.WriteString("type"u8, "document"u8);
        json.WriteStartObject("source"u8);
        if (mediaType.SequenceEqual("text/plain"u8) && TryDecode(data, out var text))
        {
            json.WriteString("type"u8, "text"u8);
            json.WriteString("media_type"u8, "text/plain"u8);
            json.WriteString("data"u8, text);
        }
        else
        {
            json.WriteString("type"u8, "base64"u8);
            json.WriteString("media_type"u8, mediaType);
            json.WriteString("data"u8, data);
        }

        json.WriteEndObject();
        json.WriteCopyIfAny("title"u8, file.Get("filename"u8));
        json.WriteCopyIfAny("cache_control"u8, cache);
        json.WriteEndObject();
    }

    /// <summary>The parts of <c>data:image/png;base64,…</c>.</summary>
    private static bool TrySplit(ReadOnlySpan<byte> url, out ReadOnlySpan<byte> mediaType, out ReadOnlySpan<byte> data)
    {
        mediaType = data = default;
        if (!url.StartsWith("data:"u8)) return false;

        var mark = url.IndexOf(";base64,"u8);
        if (mark < 0) return false;

        mediaType = url["data:".Length..mark];
        data = url[(mark + ";base64,".Length)..];
        return true;
    }

    private static bool TryDecode(ReadOnlySpan<byte> base64, out byte[] text)
    {
        text = new byte[Base64.GetMaxDecodedFromUtf8Length(base64.Length)];
        if (Base64.DecodeFromUtf8(base64, text, out _, out var length) != System.Buffers.OperationStatus.Done) return false;

        text = text[..length];
        return System.Text.Unicode.Utf8.IsValid(text);
    }
}
