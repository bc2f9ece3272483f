using System.Text.Json;
using Proxy.Management.Errors;
using Proxy.Management.Prices;

namespace Proxy.Host.Requests;

/// <summary>Reads a body once, as a check that it is JSON and for the fields that steer. It copies nothing but those.</summary>
/// <remarks>
/// A provider's parser may read an ambiguous body otherwise than this one does, and would then serve another model than the one that was
/// checked and billed. So a steering field that stands twice, or in another case, is refused.
/// </remarks>
internal static class RequestPeek
{
    private const int MaxNameLength = 128;
    private const int MaxModelLength = 256;

    public static ProxyError? Read(CompletionRequest request, bool needsModel = true)
    {
        var reader = new Utf8JsonReader(request.Body.Span);
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return Malformed("it is not an object");

            var seen = 0UL;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (ReadField(request, ref reader, ref seen) is { } error) return error;
            }

            // What follows the object must be nothing, or the provider might read it.
            return reader.Read() ? Malformed("something follows the object") : needsModel ? Check(request) : null;
        }
        catch (JsonException exception)
        {
            return Malformed($"line {exception.LineNumber + 1}, position {exception.BytePositionInLine + 1} cannot be read");
        }
        catch (InvalidOperationException)
        {
            // The reader's word for text that is not valid UTF-8 or a lone surrogate.
            return Malformed("it holds text that is not valid UTF-8");
        }
    }

    private static ProxyError? ReadField(CompletionRequest request, ref Utf8JsonReader reader, ref ulong seen)
    {
        Span<byte> unescaped = stackalloc byte[MaxNameLength];
        if (reader.ValueSpan.Length > MaxNameLength) return Malformed($"it has a field whose name is longer than {MaxNameLength} bytes");

        var name = unescaped[..reader.CopyString(unescaped)];
        var kind = FieldKinds.Of(name, out var isMisspelt, out var mark);
        if (kind == FieldKind.Forbidden) return Refused(name, "is not allowed in the request body: the gateway decides where a call goes");
        if (isMisspelt) return Refused(name, "must be written in lower case");
        if ((seen & mark) != 0) return Refused(name, "stands in the request body twice");

        seen |= mark;
        var nameStart = (int)reader.TokenStartIndex + 1;
        var nameLength = reader.ValueSpan.Length;
        reader.Read();
        var valueStart = (int)reader.TokenStartIndex;
        if (kind == FieldKind.Parameter) NoteForBill(request, name, reader);
        else if (name.SequenceEqual("prompt"u8)) request.Bounds.NotePrompts(reader);
        var error = kind == FieldKind.Routing
            ? RoutingReader.Read(request.Routing, System.Text.Encoding.UTF8.GetString(name), ref reader)
            : ReadValue(request, kind, ref reader);
        request.Add(new RequestField(kind, nameStart, nameLength, valueStart, (int)reader.BytesConsumed));
        return error;
    }

    private static void NoteForBill(CompletionRequest request, ReadOnlySpan<byte> name, in Utf8JsonReader reader)
    {
        request.Bounds.Note(name, reader);
        // A dearer tier is believed; a cheaper one when the answer says that it was given: a client's word must not lower what is held or billed.
        if (name.SequenceEqual("service_tier"u8)) request.ServiceTier = ServiceTierWord.Read(reader) is ServiceTier.Priority ? ServiceTier.Priority : ServiceTier.Standard;
        else if (name.SequenceEqual("background"u8)) request.IsInBackground = reader.TokenType is not (JsonTokenType.False or JsonTokenType.Null);
    }

    private static ProxyError? ReadValue(CompletionRequest request, FieldKind kind, ref Utf8JsonReader reader)
    {
        switch (kind)
        {
            case FieldKind.Model:
                if (reader.TokenType != JsonTokenType.String) return ProxyError.BadRequest("The field 'model' must be a string.", "model");
                if (reader.ValueSpan.Length > MaxModelLength) return ProxyError.BadRequest($"The field 'model' is longer than {MaxModelLength} bytes.", "model");
                request.Model = request.StatedModel = reader.GetString()!;
                return null;

            case FieldKind.Stream:
                if (reader.TokenType is not (JsonTokenType.True or JsonTokenType.False or JsonTokenType.Null))
                    return ProxyError.BadRequest("The field 'stream' must be true or false.", "stream");
                request.IsStream = reader.TokenType == JsonTokenType.True;
                return null;

            case FieldKind.Store:
                request.IsStored = reader.TokenType == JsonTokenType.True;
                break;

            case FieldKind.User:
                if (reader.TokenType == JsonTokenType.String) return CustomerId.Set(request, reader.GetString()!, "field", "user");
                break;

            case FieldKind.StreamOptions:
                return ReadStreamOptions(request, ref reader);

            case FieldKind.Metadata or FieldKind.GatewayMetadata or FieldKind.Tags:
                MetadataReader.Read(request.Metadata, kind, ref reader);
                return null;
        }

        reader.Skip();
        return null;
    }

    private static ProxyError? ReadStreamOptions(CompletionRequest request, ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.Null) return null;
        if (reader.TokenType != JsonTokenType.StartObject)
            return ProxyError.BadRequest("The field 'stream_options' must be an object.", "stream_options");

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isUsage = reader.ValueTextEquals("include_usage"u8);
            reader.Read();
            if (isUsage) request.WantsUsage = reader.TokenType == JsonTokenType.True;
            reader.Skip();
        }

        return null;
    }

    /// <summary>Where the path names a model, it is that one, whatever the body says.</summary>
    public static ProxyError? Check(CompletionRequest request)
    {
        request.Model = request.ModelInPath ?? request.Model;
        if (request.Model.Length > MaxModelLength) return ProxyError.BadRequest($"The model in the path is longer than {MaxModelLength} characters.", "model");
        if (request.Model.Length > 0) return null;

        return ProxyError.BadRequest("The request body names no model: the field 'model' is missing or empty.", "model");
    }

    private static ProxyError Malformed(string why) => ProxyError.BadRequest($"The request body is not valid JSON: {why}.", "request_body");

    private static ProxyError Refused(ReadOnlySpan<byte> name, string why)
    {
        var text = System.Text.Encoding.UTF8.GetString(name);
        return ProxyError.BadRequest($"The field '{text}' {why}.", text.ToLowerInvariant());
    }
}
