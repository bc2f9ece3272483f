using System.Text;
using System.Text.Json;

namespace Proxy.Host.Requests;

/// <summary>Reads the client's metadata for the log. What it does not understand it keeps as it is; it refuses nothing.</summary>
internal static class MetadataReader
{
    private const int MaxFields = 64;
    private const int MaxTags = 50;
    private const int MaxNameLength = 256;
    private const int MaxValueBytes = 4096;
    private const string TracePrefix = "trace_";

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
                    if (IsForGatewayOnly(key)) reader.Skip();
                    else Keep(metadata.TraceFieldsToFill, key, ref reader);
                }

                return;
            case "update_trace_keys":
                ReadTexts(metadata.UpdateTraceKeysToFill, ref reader);
                return;
            case "prompt" when reader.TokenType == JsonTokenType.StartObject:
                ReadPrompt(metadata, ref reader);
                return;
            case "user_id" when reader.TokenType == JsonTokenType.String:
                metadata.UserId = reader.GetString();
                break;
            case "debug_langfuse": metadata.IsDebugging |= IsTrue(ref reader); return;
            case "mask_input": metadata.MasksInput |= IsTrue(ref reader); return;
            case "mask_output": metadata.MasksOutput |= IsTrue(ref reader); return;
        }

        // Names that only the gateway may set, and settings that would send the log elsewhere.
        if (RequestMetadata.IsText(name)) metadata.SetText(name, Text(ref reader));
        else if (IsForGatewayOnly(name) || (name.StartsWith(TracePrefix, StringComparison.Ordinal) && IsForGatewayOnly(name[TracePrefix.Length..]))) reader.Skip();
        else if (name.StartsWith(TracePrefix, StringComparison.Ordinal)) Keep(metadata.TraceFieldsToFill, name[TracePrefix.Length..], ref reader);
        else Keep(metadata.FieldsToFill, name, ref reader);
    }

    /// <summary>Sets one field as a header says it.</summary>
    public static void Set(RequestMetadata metadata, string name, string value)
    {
        if (value.Length > MaxValueBytes || IsForGatewayOnly(name) || name is "public_key" or "secret" or "secret_key" or "host" or "transport") return;

        var isJson = value.Length > 0 && value[0] is '[' or '{' || name is "mask_input" or "mask_output" or "debug_langfuse";
        try
        {
            if (name == "tags" && isJson)
                ReadTags(metadata.LogTagsToFill, Encoding.UTF8.GetBytes(value));
            else if (name == "tags")
                foreach (var tag in SplitOf(value)) SteeringHeaders.AddTag(metadata.LogTagsToFill, tag);
            else if (name == "update_trace_keys" && !isJson)
                metadata.UpdateTraceKeysToFill.AddRange(SplitOf(value).Take(MaxTags));
            else
                ReadField(metadata, name, Encoding.UTF8.GetBytes(isJson ? value : JsonString.Of(value)));
        }
        catch (JsonException)
        {
            // No JSON after all: a header that cannot be read says nothing.
        }
    }

    private static void ReadField(RequestMetadata metadata, string name, byte[] json)
    {
        var reader = new Utf8JsonReader(json);
        reader.Read();
        ReadField(metadata, name, ref reader);
    }

    /// <remarks>Name and version or nothing: half of it would lose the whole record at Langfuse.</remarks>
    private static void ReadPrompt(RequestMetadata metadata, ref Utf8JsonReader reader)
    {
        using var prompt = JsonDocument.ParseValue(ref reader);
        if (prompt.RootElement.TryGetProperty("name", out var name) && name.ValueKind == JsonValueKind.String
            && prompt.RootElement.TryGetProperty("version", out var version) && version.ValueKind == JsonValueKind.Number && version.TryGetInt32(out var number))
            (metadata.PromptName, metadata.PromptVersion) = (name.GetString(), number);
    }

    private static bool IsForGatewayOnly(string name) =>
        name.StartsWith("user_api_key", StringComparison.Ordinal) || name.StartsWith("langfuse_", StringComparison.Ordinal) || name.StartsWith('_');

    private static bool IsTrue(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.True) return true;
        return Text(ref reader) is { } text && bool.TryParse(text, out var flag) && flag;
    }

    private static string[] SplitOf(string list) => list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static void ReadTags(List<string> tags, byte[] json)
    {
        var reader = new Utf8JsonReader(json);
        reader.Read();
        ReadTags(tags, ref reader);
    }

    private static void ReadTags(RequestMetadata metadata, ref Utf8JsonReader reader) => ReadTags(metadata.TagsToFill, ref reader);

    /// <remarks>Each is the id of an account: one that is too long for that is no tag, from wherever it comes.</remarks>
    private static void ReadTags(List<string> tags, ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (Text(ref reader) is { Length: > 0 } tag) SteeringHeaders.AddTag(tags, tag);
        }
    }

    private static void ReadTexts(List<string> texts, ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (Text(ref reader) is { Length: > 0 } tag && texts.Count < MaxTags && !texts.Contains(tag)) texts.Add(tag);
        }
    }

    /// <remarks>A name goes into the log as it is, and is compared with all others: one may not be as long as a body.</remarks>
    private static void Keep(Dictionary<string, string> fields, string name, ref Utf8JsonReader reader)
    {
        if (fields.Count >= MaxFields || name.Length > MaxNameLength)
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
