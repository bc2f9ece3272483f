using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Proxy.Management.ApiDescription;
using Proxy.Management.Errors;
using Proxy.Management.Storage;

namespace Proxy.Management.Bodies;

/// <summary>Takes fields out of a body and collects every fault, so that one answer names them all. Unknown fields are ignored.</summary>
/// <remarks>A field that is absent, null or faulty reads as null; look at <see cref="Error"/> when all fields are read.</remarks>
/// <param name="body">A JSON object.</param>
/// <param name="description">The endpoint whose body it is; none for an object within a body.</param>
public sealed class FieldReader(JsonElement body, EndpointDescription? description = null)
{
    public const int MaxTextLength = 256;
    public const int MaxListLength = 1000;
    public const int MaxObjectBytes = 64 * 1024;

    private readonly FieldFaults _faults = new();

    /// <summary>One refusal that names every fault, or null.</summary>
    public ProxyError? Error => _faults.Error;

    public static FieldReader Empty(EndpointDescription? description = null)
    {
        using var document = JsonDocument.Parse("{}");
        return new FieldReader(document.RootElement.Clone(), description);
    }

    /// <summary>The body with other values for some fields.</summary>
    public FieldReader With(JsonObject values)
    {
        var fields = JsonObject.Create(body)!;
        foreach (var (name, value) in values) fields[name] = value?.DeepClone();
        return new FieldReader(ToElement(fields), description);
    }

    /// <summary>The fields that the body states, null included.</summary>
    public IReadOnlyList<string> Names => [.. body.EnumerateObject().Select(stated => stated.Name)];

    /// <summary>The body as it was sent, without one field.</summary>
    public JsonElement Without(string name)
    {
        var fields = JsonObject.Create(body)!;
        fields.Remove(name);
        return ToElement(fields);
    }

    /// <summary>Whether a text, a list or an object holds nothing, or the field is not there.</summary>
    public bool IsEmpty(string name) => !body.TryGetProperty(name, out var value) || value.ValueKind switch
    {
        JsonValueKind.Null => true,
        JsonValueKind.String => string.IsNullOrWhiteSpace(value.GetString()),
        JsonValueKind.Array => value.GetArrayLength() == 0,
        JsonValueKind.Object => !value.EnumerateObject().Any(),
        _ => false,
    };

    internal FieldPresence Presence(string name)
    {
        ExpectDescribed(name);
        return !body.TryGetProperty(name, out var value) ? FieldPresence.Absent
            : value.ValueKind == JsonValueKind.Null ? FieldPresence.Null
            : FieldPresence.Present;
    }

    /// <summary>A text of one line. An empty one counts as none, as clients send it for ids they do not have.</summary>
    public string? Text(string name, int maxLength = MaxTextLength)
    {
        ExpectDescribed(name, DetailShape.Text, DetailShape.Duration, DetailShape.Moment);
        if (Value(name, "a string", JsonValueKind.String) is not { } value) return null;

        var text = value.GetString()!;
        if (TextRules.FindFault(name, text, maxLength) is { } fault) return Refuse<string>(name, fault);
        return text.Length == 0 ? null : text;
    }

    public string? RequiredText(string name)
    {
        var faults = _faults.Count;
        var text = Text(name);
        if (text is null && _faults.Count == faults) Fault(name, $"'{name}' is required.");
        return text;
    }

    public IReadOnlyList<string>? TextList(string name)
    {
        ExpectDescribed(name, DetailShape.TextList);
        if (Value(name, "a list of strings", JsonValueKind.Array) is not { } value) return null;
        if (value.GetArrayLength() > MaxListLength)
            return Refuse<IReadOnlyList<string>>(name, $"'{name}' must not have more than {MaxListLength} entries.");

        var texts = new List<string>(value.GetArrayLength());
        foreach (var item in value.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.String) return Refuse<IReadOnlyList<string>>(name, $"'{name}' must be a list of strings.");

            var text = item.GetString()!;
            if (TextRules.FindFault(name, text, MaxTextLength) is { } fault) return Refuse<IReadOnlyList<string>>(name, fault);
            texts.Add(text);
        }

        return texts;
    }

    public bool? Flag(string name)
    {
        ExpectDescribed(name, DetailShape.Flag);
        return Value(name, "true or false", JsonValueKind.True, JsonValueKind.False)?.GetBoolean();
    }

    /// <summary>A whole number, not negative.</summary>
    public long? Count(string name)
    {
        ExpectDescribed(name, DetailShape.Count);
        if (Value(name, "a whole number", JsonValueKind.Number) is not { } value) return null;
        if (value.TryGetInt64(out var count) && count >= 0) return count;

        // Clients written in other languages send 5.0 where they mean 5.
        if (value.TryGetDecimal(out var number) && number == decimal.Truncate(number) && number is >= 0 and <= long.MaxValue) return (long)number;

        Fault(name, $"'{name}' must be a whole number that is not negative.");
        return null;
    }

    public decimal? Dollars(string name)
    {
        ExpectDescribed(name, DetailShape.Dollars);
        if (Value(name, "a number", JsonValueKind.Number) is not { } value) return null;
        if (value.TryGetDecimal(out var dollars) && dollars is >= 0 and <= Money.Max) return dollars;

        Fault(name, $"'{name}' must be an amount from 0 to {Money.Max:0} dollars.");
        return null;
    }

    /// <summary>A value of whatever form; null when it is absent, null, or too large.</summary>
    public JsonElement? Element(string name)
    {
        ExpectDescribed(name, DetailShape.Any);
        return body.TryGetProperty(name, out var value) ? Free(name, "a value", value.ValueKind) : null;
    }

    /// <summary>An object of whatever content.</summary>
    internal JsonElement? Object(string name)
    {
        ExpectDescribed(name, DetailShape.Object);
        return Free(name, "an object", JsonValueKind.Object);
    }

    /// <summary>A list of whatever content.</summary>
    public JsonElement? List(string name)
    {
        ExpectDescribed(name, DetailShape.List);
        return Free(name, "a list", JsonValueKind.Array);
    }

    /// <inheritdoc cref="FieldFaults.Add"/>
    public void Fault(string name, string message) => _faults.Add(name, message);

    /// <inheritdoc cref="FieldFaults.AddInValue"/>
    public void FaultInValue(string name, string message) => _faults.AddInValue(name, message);

    /// <summary>The rule of every update: what is stated applies, null clears, what is absent stays.</summary>
    public T Stated<T>(string name, T current, Func<string, T> read) => Presence(name) == FieldPresence.Absent ? current : read(name);

    private static JsonElement ToElement(JsonObject fields)
    {
        using var document = JsonDocument.Parse(fields.ToJsonString());
        return document.RootElement.Clone();
    }

    private JsonElement? Free(string name, string kind, JsonValueKind expected)
    {
        if (Value(name, kind, expected) is not { } value) return null;

        var fault = Encoding.UTF8.GetByteCount(value.GetRawText()) > MaxObjectBytes ? $"'{name}' must not be larger than 64 KB."
            : TextRules.HasNul(value) ? $"'{name}' must not hold NUL characters."
            : value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > MaxListLength
                ? $"'{name}' must not have more than {MaxListLength} entries."
            : null;
        if (fault is null) return value;

        Fault(name, fault);
        return null;
    }

    private JsonElement? Value(string name, string kind, params ReadOnlySpan<JsonValueKind> expected)
    {
        if (!body.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null) return null;
        if (expected.Contains(value.ValueKind)) return value;

        Fault(name, $"'{name}' must be {kind}.");
        return null;
    }

    /// <summary>Keeps the API's document true: what it does not say cannot be read, at least where tests run.</summary>
    [Conditional("DEBUG")]
    private void ExpectDescribed(string name, params ReadOnlySpan<DetailShape> shapes)
    {
        if (description is null || (description.FindField(name) is { } field && (shapes.IsEmpty || shapes.Contains(field.Shape)))) return;

        throw new InvalidOperationException(
            $"{description.Method} {description.Path} reads '{name}', which its description does not have, or not as {string.Join(" or ", shapes.ToArray())}.");
    }

    private T? Refuse<T>(string name, string message)
        where T : class
    {
        Fault(name, message);
        return null;
    }
}
