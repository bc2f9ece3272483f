using System.Text;
using System.Text.Json;

namespace Proxy.Host.Requests;

/// <summary>Reads the client's metadata for the log. What it does not understand it keeps as it is; it refuses nothing.</summary>
internal static class MetadataReader
{
    private const int MaxFields = 64;
    private const int MaxTags = 50;
    private const int MaxValueBytes = 4096;

    /// <summary>The reader stands on the value and is left on its last token.</summary>
    public static void Read(RequestMetadata metadata, FieldKind kind, ref Utf8JsonReader reader)
    {
        if (kind == FieldKind.Tags)
        {
            ReadTags(metadata, ref reader);
            return;
        }

        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            reader.Read();
            ReadField(metadata, name, ref reader);
        }
    }

    private static void ReadField(RequestMetadata metadata, string name, ref Utf8JsonReader reader)
    {
        switch (name)
        {
            case "tags":
                ReadTags(metadata, ref reader);
                return;
            case "trace_metadata" when reader.TokenType == JsonTokenType.StartObject:
                while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
                {
                    var key = reader.GetString()!;
                    reader.Read();
                    Keep(metadata.TraceFields, key, ref reader);
                }

                return;
            case "trace_id" or "existing_trace_id": metadata.TraceId = Text(ref reader) ?? metadata.TraceId; return;
            case "trace_name": metadata.TraceName = Text(ref reader) ?? metadata.TraceName; return;
            case "trace_user_id": metadata.TraceUserId = Text(ref reader) ?? metadata.TraceUserId; return;
            case "session_id": metadata.SessionId = Text(ref reader) ?? metadata.SessionId; return;
            case "generation_name": metadata.GenerationName = Text(ref reader) ?? metadata.GenerationName; return;
            case "trace_release": metadata.Release = Text(ref reader) ?? metadata.Release; return;
            case "trace_version" or "version": metadata.Version = Text(ref reader) ?? metadata.Version; return;
        }

        // Names that only the gateway may set, and settings that would send the log elsewhere.
        if (name.StartsWith("user_api_key", StringComparison.Ordinal) || name.StartsWith("langfuse_", StringComparison.Ordinal) || name.StartsWith('_'))
            reader.Skip();
        else
            Keep(metadata.Fields, name, ref reader);
    }

    private static void ReadTags(RequestMetadata metadata, ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (Text(ref reader) is { Length: > 0 } tag && metadata.Tags.Count < MaxTags && !metadata.Tags.Contains(tag)) metadata.Tags.Add(tag);
        }
    }

    private static void Keep(Dictionary<string, string> fields, string name, ref Utf8JsonReader reader)
    {
        if (fields.Count >= MaxFields)
        {
            reader.Skip();
            return;
        }

        if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
        {
            using var value = JsonDocument.ParseValue(ref reader);
            var text = value.RootElement.GetRawText();
            if (Encoding.UTF8.GetByteCount(text) <= MaxValueBytes) fields[name] = text;
            return;
        }

        if (reader.ValueSpan.Length > MaxValueBytes) return;
        var raw = Encoding.UTF8.GetString(reader.ValueSpan);
        fields[name] = reader.TokenType == JsonTokenType.String ? $"\"{raw}\"" : raw;
    }

    private static string? Text(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.String && reader.ValueSpan.Length <= MaxValueBytes) return reader.GetString();

        var text = reader.TokenType == JsonTokenType.Number ? Encoding.UTF8.GetString(reader.ValueSpan) : null;
        reader.Skip();
        return text;
    }
}
