using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Google.Protobuf;

namespace Proxy.Tests.Logging;

/// <summary>Reads a request of OTLP in protobuf and tells it in OTLP's JSON. The wire format is read by the official library; what is not UTF-8, or no field of ours, is refused.</summary>
internal static class OtlpReader
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads what was posted, in either form.</summary>
    public static JsonElement Read(byte[] request, string? contentType) => contentType == "application/json" ? JsonSerializer.Deserialize<JsonElement>(request) : Read(request);

    /// <exception cref="FormatException">It is no such request.</exception>
    public static JsonElement Read(byte[] request)
    {
        try
        {
            return JsonSerializer.SerializeToElement(ReadRequest(ByteString.CopyFrom(request)));
        }
        catch (Exception exception) when (exception is InvalidProtocolBufferException or DecoderFallbackException)
        {
            throw new FormatException("No OTLP in protobuf.", exception);
        }
    }

    private static JsonObject ReadRequest(ByteString bytes)
    {
        var message = new JsonObject { ["resourceSpans"] = new JsonArray() };
        Each(bytes, (field, input) => _ = field switch
        {
            1 => Append(message, "resourceSpans", ReadResourceSpans(input.ReadBytes())),
            _ => Refuse(nameof(ReadRequest), field),
        });
        return message;
    }

    private static JsonObject ReadResourceSpans(ByteString bytes)
    {
        var message = new JsonObject { ["scopeSpans"] = new JsonArray() };
        Each(bytes, (field, input) => _ = field switch
        {
            1 => Set(message, "resource", ReadResource(input.ReadBytes())),
            2 => Append(message, "scopeSpans", ReadScopeSpans(input.ReadBytes())),
            _ => Refuse(nameof(ReadResourceSpans), field),
        });
        return message;
    }

    private static JsonObject ReadResource(ByteString bytes)
    {
        var message = new JsonObject { ["attributes"] = new JsonArray() };
        Each(bytes, (field, input) => _ = field switch
        {
            1 => Append(message, "attributes", ReadAttribute(input.ReadBytes())),
            _ => Refuse(nameof(ReadResource), field),
        });
        return message;
    }

    private static JsonObject ReadScopeSpans(ByteString bytes)
    {
        var message = new JsonObject { ["spans"] = new JsonArray() };
        Each(bytes, (field, input) => _ = field switch
        {
            1 => Set(message, "scope", ReadScope(input.ReadBytes())),
            2 => Append(message, "spans", ReadSpan(input.ReadBytes())),
            _ => Refuse(nameof(ReadScopeSpans), field),
        });
        return message;
    }

    private static JsonObject ReadScope(ByteString bytes)
    {
        var message = new JsonObject();
        Each(bytes, (field, input) => _ = field switch
        {
            1 => Set(message, "name", Text(input)),
            2 => Set(message, "version", Text(input)),
            _ => Refuse(nameof(ReadScope), field),
        });
        return message;
    }

    private static JsonObject ReadSpan(ByteString bytes)
    {
        var message = new JsonObject { ["attributes"] = new JsonArray() };
        Each(bytes, (field, input) => _ = field switch
        {
            1 => Set(message, "traceId", Id(input)),
            2 => Set(message, "spanId", Id(input)),
            4 => Set(message, "parentSpanId", Id(input)),
            5 => Set(message, "name", Text(input)),
            6 => Set(message, "kind", input.ReadEnum()),
            7 => Set(message, "startTimeUnixNano", Decimal(input.ReadFixed64())),
            8 => Set(message, "endTimeUnixNano", Decimal(input.ReadFixed64())),
            9 => Append(message, "attributes", ReadAttribute(input.ReadBytes())),
            15 => Set(message, "status", ReadStatus(input.ReadBytes())),
            _ => Refuse(nameof(ReadSpan), field),
        });
        return message;
    }

    private static JsonObject ReadStatus(ByteString bytes)
    {
        var message = new JsonObject();
        Each(bytes, (field, input) => _ = field switch
        {
            2 => Set(message, "message", Text(input)),
            3 => Set(message, "code", input.ReadEnum()),
            _ => Refuse(nameof(ReadStatus), field),
        });
        return message;
    }

    private static JsonObject ReadAttribute(ByteString bytes)
    {
        var message = new JsonObject();
        Each(bytes, (field, input) => _ = field switch
        {
            1 => Set(message, "key", Text(input)),
            2 => Set(message, "value", ReadValue(input.ReadBytes())),
            _ => Refuse(nameof(ReadAttribute), field),
        });
        return message;
    }

    private static JsonObject ReadValue(ByteString bytes)
    {
        var message = new JsonObject();
        Each(bytes, (field, input) => _ = field switch
        {
            1 => Set(message, "stringValue", Text(input)),
            3 => Set(message, "intValue", input.ReadInt64().ToString(CultureInfo.InvariantCulture)),
            5 => Set(message, "arrayValue", ReadList(input.ReadBytes())),
            _ => Refuse(nameof(ReadValue), field),
        });
        return message;
    }

    private static JsonObject ReadList(ByteString bytes)
    {
        var message = new JsonObject { ["values"] = new JsonArray() };
        Each(bytes, (field, input) => _ = field switch
        {
            1 => Append(message, "values", ReadValue(input.ReadBytes())),
            _ => Refuse(nameof(ReadList), field),
        });
        return message;
    }

    private static void Each(ByteString message, Action<int, CodedInputStream> read)
    {
        var input = message.CreateCodedInput();
        for (uint tag; (tag = input.ReadTag()) != 0;) read(WireFormat.GetTagFieldNumber(tag), input);
    }

    private static JsonNode Set(JsonObject message, string name, JsonNode value)
    {
        if (!message.TryAdd(name, value)) throw new FormatException($"'{name}' is there twice.");
        return value;
    }

    private static JsonNode Append(JsonObject message, string name, JsonNode value)
    {
        message[name]!.AsArray().Add(value);
        return value;
    }

    private static string Text(CodedInputStream input) => StrictUtf8.GetString(input.ReadBytes().Span);

    private static string Id(CodedInputStream input) => Convert.ToHexStringLower(input.ReadBytes().Span);

    private static string Decimal(ulong number) => number.ToString(CultureInfo.InvariantCulture);

    private static JsonNode Refuse(string message, int field) => throw new FormatException($"{message}: field {field} is none of ours.");
}
