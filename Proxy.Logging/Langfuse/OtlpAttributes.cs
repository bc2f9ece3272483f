using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Proxy.Logging.Records;

namespace Proxy.Logging.Langfuse;

/// <summary>Writes attributes of a span, within Langfuse's bounds.</summary>
internal readonly struct OtlpAttributes(Utf8JsonWriter writer)
{
    public static readonly JsonWriterOptions WriterOptions = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? Quoted;

    /// <summary>Langfuse's own clients drop longer users, sessions, tags and metadata.</summary>
    public const int MaxShortLength = 200;

    private const int KeptBufferBytes = 64 * 1024;

    public const int MaxTextLength = 4000;

    public void AddShort(string key, string? value)
    {
        if (!string.IsNullOrEmpty(value)) Add(key, Cut(value, MaxShortLength));
    }

    public void AddText(string key, string? value)
    {
        if (!string.IsNullOrEmpty(value)) Add(key, Cut(value, MaxTextLength));
    }

    /// <summary>Adds JSON as text, which is how Langfuse takes structures; a JSON string is added as what it says.</summary>
    public void AddJson(string key, ReadOnlySpan<byte> json)
    {
        if (json.IsEmpty) return;
        var quoted = Quoted ??= new(JsonText.CapacityFor(json.Length));
        quoted.ResetWrittenCount();
        if (FindStringText(json) is { } text) JsonText.WriteString(quoted, text.Span);
        else JsonText.WriteString(quoted, json);

        WriteStart(key);
        writer.WritePropertyName("stringValue"u8);
        writer.WriteRawValue(quoted.WrittenSpan, skipInputValidation: true);
        WriteEnd();
        if (quoted.Capacity > KeptBufferBytes) Quoted = null;
    }

    public void AddNumber(string key, long value)
    {
        WriteStart(key);
        writer.WriteString("intValue"u8, value.ToString(System.Globalization.CultureInfo.InvariantCulture));
        WriteEnd();
    }

    public void AddList(string key, IReadOnlyList<string> values)
    {
        if (values.Count == 0) return;
        WriteStart(key);
        writer.WriteStartObject("arrayValue"u8);
        writer.WriteStartArray("values"u8);
        foreach (var value in values)
        {
            writer.WriteStartObject();
            writer.WriteString("stringValue"u8, Cut(value, MaxShortLength));
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
        WriteEnd();
    }

    /// <param name="prefix">What stands before the name of each fact.</param>
    /// <param name="metadata">Values are JSON texts.</param>
    public void AddMetadata(string prefix, IReadOnlyDictionary<string, string> metadata)
    {
        foreach (var (name, value) in metadata)
        {
            if (IsSafeName(name)) Add(prefix + Cut(name, MaxShortLength), Cut(FindStringText(value) ?? value, MaxShortLength));
        }
    }

    private void Add(string key, string value)
    {
        WriteStart(key);
        writer.WriteString("stringValue"u8, value);
        WriteEnd();
    }

    private void WriteStart(string key)
    {
        writer.WriteStartObject();
        writer.WriteString("key"u8, key);
        writer.WriteStartObject("value"u8);
    }

    private void WriteEnd()
    {
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    /// <remarks>Such a name could reach into the prototypes of a JavaScript reader; Langfuse drops it too.</remarks>
    public static bool IsSafeName(string name) =>
        name.Length > 0 && (!name.Contains("proto", StringComparison.Ordinal) && !name.Contains("constructor", StringComparison.Ordinal)
            || !name.Split('.').Any(static segment => segment is "__proto__" or "constructor" or "prototype"));

    public static string Cut(string value, int maxLength)
    {
        if (value.Length <= maxLength) return value;
        return value[..(char.IsHighSurrogate(value[maxLength - 1]) ? maxLength - 1 : maxLength)];
    }

    private static string? FindStringText(string json)
    {
        if (!json.StartsWith('"')) return null;

        // Most values hold nothing that is escaped.
        if (json.Length >= 2 && json.IndexOf('"', 1) == json.Length - 1 && !json.Contains('\\')) return json[1..^1];

        return FindStringText(Encoding.UTF8.GetBytes(json)) is { } text ? Encoding.UTF8.GetString(text.Span) : null;
    }

    /// <returns>The text of a JSON string; null for anything else, also for what only looks like one.</returns>
    private static ReadOnlyMemory<byte>? FindStringText(ReadOnlySpan<byte> json)
    {
        if (json.IsEmpty || json[0] != (byte)'"') return null;
        try
        {
            var reader = new Utf8JsonReader(json);
            reader.Read();
            var text = new byte[json.Length];
            var length = reader.CopyString(text);
            return reader.Read() ? null : text.AsMemory(0, length);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
