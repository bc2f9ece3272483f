using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Proxy.Logging.Records;

namespace Proxy.Logging.Langfuse;

/// <summary>Writes attributes of a span, within Langfuse's bounds.</summary>
/// <remarks>Each is a piece that never changes, a name and a text: written straight as UTF-8, for a writer that checks every token takes most of a span's time.</remarks>
internal readonly ref struct OtlpAttributes(PooledBuffer output)
{
    public static readonly JsonWriterOptions WriterOptions = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    /// <summary>Langfuse's own clients drop longer users, sessions, tags and metadata.</summary>
    public const int MaxShortLength = 200;

    public const int MaxTextLength = 4000;

    public void AddShort(ReadOnlySpan<byte> key, string? value)
    {
        if (!string.IsNullOrEmpty(value)) Add(key, "", Cut(value, MaxShortLength));
    }

    public void AddText(ReadOnlySpan<byte> key, string? value)
    {
        if (!string.IsNullOrEmpty(value)) Add(key, "", Cut(value, MaxTextLength));
    }

    /// <summary>Adds JSON as text, which is how Langfuse takes structures; a JSON string is added as what it says.</summary>
    public void AddJson(ReadOnlySpan<byte> key, ReadOnlySpan<byte> json)
    {
        if (json.IsEmpty) return;

        WriteStart(key, "");
        output.Write("\"stringValue\":"u8);
        if (FindStringText(json) is { } text) JsonText.WriteString(output, text.Span);
        else JsonText.WriteString(output, json);
        output.Write("}},"u8);
    }

    public void AddNumber(ReadOnlySpan<byte> key, long value)
    {
        WriteStart(key, "");
        output.Write("\"intValue\":\""u8);
        JsonText.WriteNumber(output, value);
        output.Write("\"}},"u8);
    }

    public void AddList(ReadOnlySpan<byte> key, IReadOnlyList<string> values)
    {
        if (values.Count == 0) return;

        WriteStart(key, "");
        output.Write("\"arrayValue\":{\"values\":["u8);
        for (var i = 0; i < values.Count; i++)
        {
            output.Write(i == 0 ? "{\"stringValue\":"u8 : ",{\"stringValue\":"u8);
            JsonText.WriteString(output, Cut(values[i], MaxShortLength));
            output.Write("}"u8);
        }

        output.Write("]}}},"u8);
    }

    /// <param name="prefix">What stands before the name of each fact.</param>
    /// <param name="metadata">Values are JSON texts.</param>
    public void AddMetadata(ReadOnlySpan<byte> prefix, IReadOnlyDictionary<string, string> metadata)
    {
        if (metadata is Dictionary<string, string> usual)
        {
            // Without an enumerator on the heap.
            foreach (var (name, value) in usual) AddFact(prefix, name, value);
            return;
        }

        foreach (var (name, value) in metadata) AddFact(prefix, name, value);
    }

    /// <summary>A fact for each attempt: one for all would be cut.</summary>
    public void AddAttempts(ReadOnlySpan<byte> prefix, IReadOnlyList<CompletionAttempt>? attempts)
    {
        for (var i = 0; i < attempts?.Count; i++) Add(prefix, $"{i + 1}", Cut(attempts[i].Describe(), MaxShortLength));
    }

    /// <summary>Ends the list; the comma of the last attribute goes.</summary>
    public void End()
    {
        if (output.Written.Span[^1] == (byte)',') output.Truncate(output.Count - 1);
        output.Write("]"u8);
    }

    private void AddFact(ReadOnlySpan<byte> prefix, string name, string value)
    {
        if (IsSafeName(name)) Add(prefix, Cut(name, MaxShortLength), Cut(TextOf(value), MaxShortLength));
    }

    private void Add(ReadOnlySpan<byte> key, string name, ReadOnlySpan<char> value)
    {
        WriteStart(key, name);
        output.Write("\"stringValue\":"u8);
        JsonText.WriteString(output, value);
        output.Write("}},"u8);
    }

    private void WriteStart(ReadOnlySpan<byte> key, string name)
    {
        output.Write("{\"key\":\""u8);
        output.Write(key);
        if (name.Length > 0) JsonText.WriteText(output, name);
        output.Write("\",\"value\":{"u8);
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

    private static ReadOnlySpan<char> Cut(ReadOnlySpan<char> value, int maxLength)
    {
        if (value.Length <= maxLength) return value;
        return value[..(char.IsHighSurrogate(value[maxLength - 1]) ? maxLength - 1 : maxLength)];
    }

    /// <summary>What a JSON string says; any other JSON as it stands.</summary>
    private static ReadOnlySpan<char> TextOf(string json)
    {
        if (!json.StartsWith('"')) return json;

        // Most values hold nothing that is escaped.
        if (json.Length >= 2 && json.IndexOf('"', 1) == json.Length - 1 && !json.Contains('\\')) return json.AsSpan(1, json.Length - 2);

        return FindStringText(Encoding.UTF8.GetBytes(json)) is { } text ? Encoding.UTF8.GetString(text.Span) : json;
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
