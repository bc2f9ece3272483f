using System.Text.Json;

namespace Proxy.Host.Translation.MessagesOnConverse;

/// <summary>Pictures and documents of one request. They must stand in it themselves: an address would be read with the operator's own rights.</summary>
internal sealed class MessagesMedia(Utf8JsonWriter json, Losses losses)
{
    /// <summary>The provider takes no longer name.</summary>
    private const int MaxName = 180;

    private int _documents;

    public void WriteImage(JsonElement source, string path)
    {
        var format = source.Get("media_type"u8).Text switch { "image/png" => "png", "image/jpeg" => "jpeg", "image/gif" => "gif", "image/webp" => "webp", _ => null };
        if (!source.Get("type"u8).Is("base64"u8) || format is null)
        {
            losses.Content($"{path}.source", "An image that is not base64 of a known type");
            return;
        }

        json.WriteStartObject();
        json.WriteStartObject("image"u8);
        json.WriteString("format"u8, format);
        WriteBytes(source.Get("data"u8));
        json.WriteEndObject();
        json.WriteEndObject();
    }

    public void WriteDocument(JsonElement source, JsonElement title, string path)
    {
        var isText = source.Get("type"u8).Is("text"u8);
        var format = isText ? "txt" : FormatOf(source.Get("media_type"u8).Text);
        if ((!isText && !source.Get("type"u8).Is("base64"u8)) || format is null)
        {
            losses.Content($"{path}.source", "A document that is neither text nor base64 of a known type");
            return;
        }

        json.WriteStartObject();
        json.WriteStartObject("document"u8);
        json.WriteString("format"u8, format);
        json.WriteString("name"u8, NameOf(title.Text));
        if (isText) WriteText(source.Get("data"u8));
        else WriteBytes(source.Get("data"u8));
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static string? FormatOf(string? mediaType) => mediaType switch
    {
        "application/pdf" => "pdf",
        "text/plain" => "txt",
        "text/csv" => "csv",
        "text/html" => "html",
        "text/markdown" => "md",
        "application/msword" => "doc",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document" => "docx",
        "application/vnd.ms-excel" => "xls",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" => "xlsx",
        _ => null,
    };

    private void WriteBytes(JsonElement data)
    {
        json.WriteStartObject("source"u8);
        json.WriteCopyIfAny("bytes"u8, data);
        json.WriteEndObject();
    }

    private void WriteText(JsonElement text)
    {
        json.WriteStartObject("source"u8);
        json.WriteBase64String("bytes"u8, text.IsText ? text.Utf8 : default);
        json.WriteEndObject();
    }

    /// <summary>Each document of a request has a name of its own, of few characters.</summary>
    private string NameOf(string? title)
    {
        var name = new string([.. (title ?? "document").Take(MaxName).Select(character => char.IsAsciiLetterOrDigit(character) || character is '(' or ')' or '[' or ']' ? character : '-')]);
        return ++_documents == 1 ? name : $"{name}-{_documents}";
    }
}
