using System.Buffers;
using System.Text.Json;

namespace Proxy.Logging.Records;

/// <summary>A record as one line of plain JSON, for whoever is not Langfuse.</summary>
internal static class RecordLine
{
    public static void Write(IBufferWriter<byte> output, CompletionRecord record)
    {
        using var json = new Utf8JsonWriter(output, JsonText.WriterOptions);
        json.WriteStartObject();
        json.WriteString("id"u8, record.Id);
        json.WriteString("trace_id"u8, record.TraceId);
        json.WriteString("span_id"u8, record.SpanId);
        Add(json, "trace_name", record.TraceName);
        json.WriteString("name"u8, record.Name);
        json.WriteString("operation"u8, record.Operation);
        json.WriteString("started_at"u8, record.StartedAt.UtcDateTime);
        json.WriteString("ended_at"u8, record.EndedAt.UtcDateTime);
        if (record.FirstTokenAt is { } first) json.WriteString("first_token_at"u8, first.UtcDateTime);
        json.WriteString("level"u8, record.Level switch { CompletionLevel.Error => "error", CompletionLevel.Warning => "warning", _ => "default" });
        Add(json, "status_message", record.StatusMessage);
        Add(json, "model", record.Model);
        Add(json, "upstream_model", record.UpstreamModel);
        Add(json, "provider", record.Provider);
        Add(json, "user_id", record.UserId);
        Add(json, "session_id", record.SessionId);
        if (record.Tags.Count > 0)
        {
            json.WriteStartArray("tags"u8);
            foreach (var tag in record.Tags) json.WriteStringValue(tag);
            json.WriteEndArray();
        }

        WriteNumbers(json, record);
        WriteAttempts(json, record.Attempts ?? []);
        AddFacts(json, "metadata", record.Metadata);
        AddFacts(json, "trace_metadata", record.TraceMetadata);
        AddRaw(json, "parameters", record.Parameters);
        AddRaw(json, "input", record.Input);
        AddRaw(json, "output", record.Output);
        json.WriteEndObject();
    }

    private static void WriteAttempts(Utf8JsonWriter json, IReadOnlyList<CompletionAttempt> attempts)
    {
        if (attempts.Count == 0) return;

        json.WriteStartArray("attempts"u8);
        foreach (var attempt in attempts)
        {
            json.WriteStartObject();
            json.WriteString("name"u8, attempt.Name);
            Add(json, "model", attempt.Model);
            Add(json, "provider", attempt.Provider);
            json.WriteString("started_at"u8, attempt.StartedAt.UtcDateTime);
            json.WriteString("ended_at"u8, attempt.EndedAt.UtcDateTime);
            if (attempt.Status is { } status) json.WriteNumber("status"u8, status);
            Add(json, "message", attempt.Message);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteNumbers(Utf8JsonWriter json, CompletionRecord record)
    {
        if (record.Usage is { } usage)
        {
            json.WriteStartObject("usage"u8);
            json.WriteNumber("input"u8, usage.Input);
            json.WriteNumber("cached_input"u8, usage.CachedInput);
            json.WriteNumber("cache_write"u8, usage.CacheWrite);
            json.WriteNumber("output"u8, usage.Output);
            json.WriteNumber("reasoning"u8, usage.Reasoning);
            json.WriteNumber("total"u8, usage.Total);
            json.WriteEndObject();
        }

        if (record.Cost is not { } cost) return;
        json.WriteStartObject("cost"u8);
        json.WriteNumber("input"u8, cost.Input);
        json.WriteNumber("output"u8, cost.Output);
        json.WriteNumber("total"u8, cost.Total);
        json.WriteEndObject();
    }

    private static void Add(Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null) json.WriteString(name, value);
    }

    private static void AddFacts(Utf8JsonWriter json, string name, IReadOnlyDictionary<string, string> facts)
    {
        if (facts.Count == 0) return;
        json.WriteStartObject(name);
        foreach (var (fact, value) in facts)
        {
            json.WritePropertyName(fact);
            RawJson.Write(json, value);
        }

        json.WriteEndObject();
    }

    /// <remarks>On one line: whoever reads lines must not find one within a record.</remarks>
    private static void AddRaw(Utf8JsonWriter json, string name, ReadOnlyMemory<byte> value)
    {
        if (value.IsEmpty) return;
        json.WritePropertyName(name);
        if (value.Span.ContainsAny((byte)'\n', (byte)'\r')) RawJson.WriteOnOneLine(json, value);
        else RawJson.Write(json, value.Span);
    }
}
