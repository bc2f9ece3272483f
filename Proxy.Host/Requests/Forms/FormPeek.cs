using System.Text;
using System.Text.Json;
using Proxy.Management.Errors;

namespace Proxy.Host.Requests.Forms;

/// <summary>Reads a form once for the parts that steer, as <see cref="RequestPeek"/> reads an object.</summary>
internal static class FormPeek
{
    private const int MaxModelLength = 256;

    public static ProxyError? Read(CompletionRequest request, string? contentType)
    {
        if (FormBoundary.Find(contentType) is not { } boundary)
            return ProxyError.BadRequest("The request body must be a form: its Content-Type is to be multipart/form-data with one boundary.", "Content-Type");

        var parts = new List<FormPart>();
        if (FormScanner.Scan(request.Body.Span, boundary.Line, parts) is { } fault)
            return ProxyError.BadRequest($"The request body is not a valid form: {fault}.", "request_body");

        var form = request.Form = new RequestForm(request.Body, boundary, parts);
        var seen = 0UL;
        for (var index = 0; index < parts.Count; index++)
        {
            var kind = FieldKinds.Of(Encoding.ASCII.GetBytes(parts[index].Name), out var isMisspelt, out var mark);
            if (parts[index].FileName is not null && kind == FieldKind.Parameter) kind = FieldKind.Input;
            var part = parts[index] = parts[index] with { Kind = kind };
            if (kind == FieldKind.Forbidden) return Refused(part, "is not allowed in the request body: the gateway decides where a call goes");
            if (isMisspelt) return Refused(part, "must be written in lower case");
            if ((seen & mark) != 0) return Refused(part, "stands in the request body twice");
            if (part.FileName is not null && kind != FieldKind.Input) return Refused(part, "must not be a file");

            seen |= mark;
            if (Read(request, part, form.ValueOf(part)) is { } error) return error;
        }

        return RequestPeek.Check(request) ?? (request.Model.Any(char.IsControl) ? Refused("model", "must not hold control characters") : null);
    }

    private static ProxyError? Read(CompletionRequest request, in FormPart part, ReadOnlySpan<byte> value)
    {
        switch (part.Kind)
        {
            case FieldKind.Model:
                if (value.Length > MaxModelLength) return Refused(part, $"is longer than {MaxModelLength} bytes");
                request.Model = request.StatedModel = Encoding.UTF8.GetString(value);
                return null;

            case FieldKind.Stream:
                if (!bool.TryParse(Encoding.UTF8.GetString(value), out var isStream)) return Refused(part, "must be true or false");
                request.IsStream = isStream;
                return null;

            case FieldKind.User:
                return CustomerId.Set(request, Encoding.UTF8.GetString(value), "field", "user");

            case FieldKind.Parameter or FieldKind.Metadata or FieldKind.GatewayMetadata or FieldKind.Tags or FieldKind.Routing:
                return ReadJson(request, part, value);

            default:
                return null;
        }
    }

    /// <summary>What is structured stands in a form as JSON.</summary>
    private static ProxyError? ReadJson(CompletionRequest request, in FormPart part, ReadOnlySpan<byte> value)
    {
        var reader = new Utf8JsonReader(value);
        try
        {
            reader.Read();
            if (part.Kind == FieldKind.Parameter) request.Bounds.Note(Encoding.ASCII.GetBytes(part.Name), reader);
            else if (part.Kind == FieldKind.Routing) return RoutingReader.Read(request.Routing, part.Name, ref reader);
            else MetadataReader.Read(request.Metadata, part.Kind, ref reader);
            return null;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return part.Kind == FieldKind.Parameter ? null : Refused(part, "must be JSON");
        }
    }

    private static ProxyError Refused(in FormPart part, string why) => Refused(part.Name, why);

    private static ProxyError Refused(string name, string why) => ProxyError.BadRequest($"The field '{name}' {why}.", name.ToLowerInvariant());
}
