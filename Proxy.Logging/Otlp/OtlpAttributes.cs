using System.Text;
using System.Text.Json;
using Proxy.Logging.Records;

namespace Proxy.Logging.Otlp;

/// <summary>Writes attributes of a span, or of a resource, within Langfuse's bounds.</summary>
internal readonly ref struct OtlpAttributes(PooledBuffer output, int field)
{
    /// <summary>Langfuse's own clients drop longer users, sessions, tags and metadata.</summary>
    public const int MaxShortLength = 200;

    public const int MaxTextLength = 4000;

    // Of KeyValue, AnyValue and ArrayValue.
    private const int KeyField = 1;
    private const int ValueField = 2;
    private const int StringField = 1;
    private const int IntegerField = 3;
    private const int ArrayField = 5;
    private const int ItemField = 1;

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

        var text = FindStringText(json) is { } said ? said.Span : Protobuf.Valid(json);
        text.CopyTo(Begin(key, "", text.Length));
        output.Advance(text.Length);
    }

    public void AddNumber(ReadOnlySpan<byte> key, long value)
    {
        var attribute = BeginAny(key);
        Protobuf.WriteNumber(output, IntegerField, value);
        End(attribute);
    }

    public void AddList(ReadOnlySpan<byte> key, IReadOnlyList<string> values)
    {
        if (values.Count == 0) return;

        var attribute = BeginAny(key);
        var list = Protobuf.Begin(output, ArrayField);
        for (var i = 0; i < values.Count; i++)
        {
            var item = Protobuf.Begin(output, ItemField);
            Protobuf.WriteText(output, StringField, Cut(values[i], MaxShortLength));
            Protobuf.End(output, item);
        }

        Protobuf.End(output, list);
        End(attribute);
    }

    /// <param name="prefix">What stands before the name.</param>
    /// <param name="name">A name that is not safe is left out.</param>
    /// <param name="value">A JSON text.</param>
    public void AddFact(ReadOnlySpan<byte> prefix, string name, string value)
    {
        if (IsSafeName(name)) Add(prefix, Cut(name, MaxShortLength), Cut(TextOf(value), MaxShortLength));
    }

    /// <summary>A fact for each attempt: one for all would be cut.</summary>
    public void AddAttempts(ReadOnlySpan<byte> prefix, IReadOnlyList<CompletionAttempt>? attempts)
    {
        for (var i = 0; i < attempts?.Count; i++) Add(prefix, $"{i + 1}", Cut(attempts[i].Describe(), MaxShortLength));
    }

    private void Add(ReadOnlySpan<byte> key, ReadOnlySpan<char> name, ReadOnlySpan<char> value)
    {
        var length = Encoding.UTF8.GetByteCount(value);
        Encoding.UTF8.GetBytes(value, Begin(key, name, length));
        output.Advance(length);
    }

    /// <summary>Writes an attribute up to its text.</summary>
    /// <returns>Room for the text, whose length is not yet counted as written.</returns>
    private Span<byte> Begin(ReadOnlySpan<byte> key, ReadOnlySpan<char> name, int textLength)
    {
        var keyLength = key.Length + Encoding.UTF8.GetByteCount(name);
        var valueLength = Protobuf.SizeOf(textLength);
        var length = Protobuf.SizeOf(keyLength) + Protobuf.SizeOf(valueLength);
        var room = output.GetSpan(Protobuf.SizeOf(length));
        var index = Protobuf.Put(room, 0, Protobuf.Tag(field), length);
        index = Protobuf.Put(room, index, Protobuf.Tag(KeyField), keyLength);
        key.CopyTo(room[index..]);
        Encoding.UTF8.GetBytes(name, room[(index + key.Length)..]);
        index = Protobuf.Put(room, index + keyLength, Protobuf.Tag(ValueField), valueLength);
        index = Protobuf.Put(room, index, Protobuf.Tag(StringField), textLength);
        output.Advance(index);
        return room[index..];
    }

    /// <summary>Writes an attribute up to its value.</summary>
    private (int Attribute, int Value) BeginAny(ReadOnlySpan<byte> key)
    {
        var attribute = Protobuf.Begin(output, field);
        var room = output.GetSpan(Protobuf.SizeOf(key.Length));
        key.CopyTo(room[Protobuf.Put(room, 0, Protobuf.Tag(KeyField), key.Length)..]);
        output.Advance(Protobuf.SizeOf(key.Length));
        return (attribute, Protobuf.Begin(output, ValueField));
    }

    private void End((int Attribute, int Value) begun)
    {
        Protobuf.End(output, begun.Value);
        Protobuf.End(output, begun.Attribute);
    }

    /// <remarks>Such a name could reach into the prototypes of a JavaScript reader; Langfuse drops it too.</remarks>
    public static bool IsSafeName(string name) =>
        name.Length > 0 && (!name.Contains("proto", StringComparison.Ordinal) && !name.Contains("constructor", StringComparison.Ordinal)
            || !name.Split('.').Any(static segment => segment is "__proto__" or "constructor" or "prototype"));

    public static string Cut(string value, int maxLength) => value.Length <= maxLength ? value : Cut(value.AsSpan(), maxLength).ToString();

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
