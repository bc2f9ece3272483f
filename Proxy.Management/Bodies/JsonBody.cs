using System.Text.Json;
using System.Text.Unicode;
using Microsoft.AspNetCore.Http;
using Proxy.Management.ApiDescription;
using Proxy.Management.Errors;

namespace Proxy.Management.Bodies;

/// <summary>Reads the JSON body of a management call, within limits.</summary>
public static class JsonBody
{
    private const int MaxBytes = 1024 * 1024;
    private const int MaxDepth = 32;

    private static readonly JsonDocumentOptions Options = new() { MaxDepth = MaxDepth, AllowDuplicateProperties = false };

    private static readonly ProxyError TooLarge = new(413, ProxyError.InvalidRequest, "The request body is larger than 1 MB.");
    private static readonly ProxyError Malformed = ProxyError.BadRequest(
        "The request body is not valid JSON: it is malformed, not UTF-8, or nested too deeply.");

    private static readonly ProxyError NotAnObject = new(422, ProxyError.InvalidRequest, "The request body must be a JSON object.");

    /// <summary>An absent body is an empty object. The reader's fields live as long as the document, which the garbage collector takes.</summary>
    public static async Task<(FieldReader? Fields, ProxyError? Error)> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if (request.ContentLength > MaxBytes) return (null, TooLarge);

        using var buffer = new MemoryStream();
        var chunk = new byte[8192];
        int read;
        while ((read = await request.Body.ReadAsync(chunk, cancellationToken)) > 0)
        {
            if (buffer.Length + read > MaxBytes) return (null, TooLarge);

            buffer.Write(chunk, 0, read);
        }

        var description = EndpointDescriptions.Of(request);
        return buffer.Length == 0 ? (FieldReader.Empty(description), null) : Parse(buffer.ToArray(), description);
    }

    private static (FieldReader? Fields, ProxyError? Error) Parse(byte[] json, EndpointDescription? description)
    {
        if (!Utf8.IsValid(json)) return (null, Malformed);

        try
        {
            using var document = JsonDocument.Parse(json, Options);
            var root = document.RootElement.Clone();
            if (HasHalfSurrogate(root)) return (null, Malformed);

            return root.ValueKind == JsonValueKind.Object ? (new FieldReader(root, description), null) : (null, NotAnObject);
        }
        catch (JsonException)
        {
            return (null, FindRepeated(json) is { } name ? Repeated(name) : Malformed);
        }
    }

    private static ProxyError Repeated(string name) => ProxyError.BadRequest($"The request body names '{name}' twice.", name);

    /// <returns>A name that stands twice in one object of otherwise sound JSON, or null.</returns>
    private static string? FindRepeated(byte[] json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, Options with { AllowDuplicateProperties = true });
            return FindRepeated(document.RootElement) is { } name ? name[..Math.Min(name.Length, FieldReader.MaxTextLength)] : null;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static string? FindRepeated(JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.Array) return element.EnumerateArray().Select(FindRepeated).FirstOrDefault(name => name is not null);
        if (element.ValueKind != JsonValueKind.Object) return null;

        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var property in element.EnumerateObject())
        {
            if (!names.Add(property.Name)) return property.Name;
            if (FindRepeated(property.Value) is { } name) return name;
        }

        return null;
    }

    /// <summary>An escape such as <c>\ud800</c> alone is valid JSON, but no text that could be stored.</summary>
    private static bool HasHalfSurrogate(JsonElement root)
    {
        try
        {
            Touch(root);
            return false;
        }
        catch (InvalidOperationException)
        {
            return true;
        }
    }

    private static void Touch(JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.String) _ = element.GetString();
        else if (element.ValueKind == JsonValueKind.Array) foreach (var item in element.EnumerateArray()) Touch(item);
        else if (element.ValueKind == JsonValueKind.Object)
        {
            foreach (var property in element.EnumerateObject())
            {
                _ = property.Name;
                Touch(property.Value);
            }
        }
    }
}
