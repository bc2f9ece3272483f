using System.Globalization;
using System.Text.Json;

namespace Proxy.Tests.Logging;

/// <summary>A span as Langfuse would have it, after a check that is at least as strict.</summary>
internal sealed class FakeSpan
{
    private readonly Dictionary<string, JsonElement> _attributes;

    private FakeSpan(JsonElement span)
    {
        TraceId = Id(span, "traceId", 32);
        SpanId = Id(span, "spanId", 16);
        ParentSpanId = span.TryGetProperty("parentSpanId", out _) ? Id(span, "parentSpanId", 16) : null;
        Name = span.GetProperty("name").GetString() ?? throw new FormatException("A span has no name.");
        StartedAt = Time(span, "startTimeUnixNano");
        EndedAt = Time(span, "endTimeUnixNano");
        if (EndedAt < StartedAt) throw new FormatException("A span ends before it starts.");
        StatusCode = Number(span.GetProperty("status").GetProperty("code"), "status.code");
        Number(span.GetProperty("kind"), "kind");
        _attributes = ReadAttributes(span);
    }

    public string TraceId { get; }

    public string SpanId { get; }

    public string? ParentSpanId { get; }

    public string Name { get; }

    public DateTimeOffset StartedAt { get; }

    public DateTimeOffset EndedAt { get; }

    public int StatusCode { get; }

    public IReadOnlyCollection<string> Keys => _attributes.Keys;

    /// <summary>The text of an attribute; null when it is not there.</summary>
    public string? this[string key] =>
        _attributes.TryGetValue(key, out var value) ? value.GetProperty("stringValue").GetString() : null;

    public JsonElement Json(string key)
    {
        using var document = JsonDocument.Parse(this[key] ?? throw new KeyNotFoundException(key));
        return document.RootElement.Clone();
    }

    public IReadOnlyList<string> List(string key) => _attributes.TryGetValue(key, out var value)
        ? [.. value.GetProperty("arrayValue").GetProperty("values").EnumerateArray().Select(item => item.GetProperty("stringValue").GetString()!)]
        : [];

    /// <exception cref="FormatException">Langfuse would refuse the request, or lose a part of it.</exception>
    public static IReadOnlyList<FakeSpan> ReadAll(JsonElement request)
    {
        try
        {
            return [.. Array(request, "resourceSpans").SelectMany(ReadResource)];
        }
        catch (Exception exception) when (exception is KeyNotFoundException or InvalidOperationException)
        {
            throw new FormatException("A field is missing or of the wrong type.", exception);
        }
    }

    private static IEnumerable<FakeSpan> ReadResource(JsonElement resource)
    {
        if (!ReadAttributes(resource.GetProperty("resource")).ContainsKey("service.name"))
            throw new FormatException("The resource has no service.name.");
        return Array(resource, "scopeSpans").SelectMany(scope => Array(scope, "spans")).Select(span => new FakeSpan(span));
    }

    private static Dictionary<string, JsonElement> ReadAttributes(JsonElement owner)
    {
        var attributes = new Dictionary<string, JsonElement>();
        foreach (var attribute in Array(owner, "attributes"))
        {
            var key = attribute.GetProperty("key").GetString()!;
            var value = attribute.GetProperty("value");
            if (value.EnumerateObject().Count() != 1) throw new FormatException($"'{key}' has not exactly one value.");
            if (!attributes.TryAdd(key, value.Clone())) throw new FormatException($"'{key}' is there twice.");
        }

        return attributes;
    }

    private static JsonElement.ArrayEnumerator Array(JsonElement owner, string name)
    {
        var value = owner.GetProperty(name);
        return value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : throw new FormatException($"'{name}' is no array.");
    }

    private static string Id(JsonElement span, string name, int length)
    {
        var id = span.GetProperty(name).GetString() ?? "";
        return id.Length == length && id.All(char.IsAsciiHexDigitLower)
            ? id
            : throw new FormatException($"'{name}' is not {length} lower-case hex digits.");
    }

    private static DateTimeOffset Time(JsonElement span, string name)
    {
        var text = span.GetProperty(name).GetString();
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var nanoseconds)
            ? DateTimeOffset.UnixEpoch.AddTicks(nanoseconds / TimeSpan.NanosecondsPerTick)
            : throw new FormatException($"'{name}' is no decimal string.");
    }

    private static int Number(JsonElement value, string name) =>
        value.ValueKind == JsonValueKind.Number ? value.GetInt32() : throw new FormatException($"'{name}' is no number.");
}
