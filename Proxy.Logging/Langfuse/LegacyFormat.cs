using System.Text.Json;
using Proxy.Logging.Otlp;
using Proxy.Logging.Records;

namespace Proxy.Logging.Langfuse;

/// <summary>The batch of events that Langfuse 2, and 3 before 3.22, takes: a trace and a generation for each record, not compressed.</summary>
internal sealed class LegacyFormat : BatchFormat
{
    public static readonly LegacyFormat Instance = new();

    private LegacyFormat()
    {
        Head = "{\"batch\":["u8.ToArray();
        Separator = ","u8.ToArray();
        Tail = "]}"u8.ToArray();
    }

    /// <summary>Fixed by the record, so that a repeated event is the same event.</summary>
    public static string TraceEventId(Guid id) => $"{id:N}-trace";

    public static string AttemptEventId(Guid id, int index) => $"{id:N}-attempt-{index + 1}";

    public static string GenerationEventId(Guid id) => $"{id:N}-generation";

    /// <summary>A record that adds to a trace, and changes nothing of it, has no event for it.</summary>
    public static bool HasTraceEvent(CompletionRecord record) => !record.IsAddedToTrace
        || record.TraceName is not null || record.UserId is not null || record.SessionId is not null || record.Tags.Count > 0 || record.TraceMetadata.Count > 0
        || record.SetsTraceInput || record.SetsTraceOutput;

    public override void Write(PooledBuffer output, CompletionRecord record, LogTarget target)
    {
        using var json = new Utf8JsonWriter(output, JsonText.WriterOptions);
        var environment = LangfuseSpans.EnvironmentOf(target.FindOption("environment") ?? record.Environment);
        if (HasTraceEvent(record))
        {
            WriteTrace(json, record, environment);
            json.Flush();
            json.Reset();
            output.Write(","u8);
        }

        WriteGeneration(json, record, environment);
        for (var i = 0; record.HasAttemptSpans && i < record.Attempts?.Count; i++)
        {
            json.Flush();
            json.Reset();
            output.Write(","u8);
            WriteAttempt(json, record, i, environment);
        }
    }

    private static void WriteTrace(Utf8JsonWriter json, CompletionRecord record, string? environment)
    {
        WriteStart(json, TraceEventId(record.Id), "trace-create", record);
        json.WriteString("id"u8, record.TraceId);
        Add(json, "timestamp", Time(record.StartedAt));
        Add(json, "name", record.TraceName);
        Add(json, "userId", record.UserId);
        Add(json, "sessionId", record.SessionId);
        Add(json, "release", record.Release);
        Add(json, "version", record.Version);
        Add(json, "environment", environment);
        if (!record.IsAddedToTrace || record.SetsTraceInput) AddRaw(json, "input", record.Input);
        if (!record.IsAddedToTrace || record.SetsTraceOutput) AddRaw(json, "output", record.Output);

        if (record.Tags.Count > 0)
        {
            json.WriteStartArray("tags"u8);
            foreach (var tag in record.Tags) json.WriteStringValue(OtlpAttributes.Cut(tag, OtlpAttributes.MaxShortLength));
            json.WriteEndArray();
        }

        AddMetadata(json, record.TraceMetadata, attempts: null);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteGeneration(Utf8JsonWriter json, CompletionRecord record, string? environment)
    {
        WriteStart(json, GenerationEventId(record.Id), "generation-create", record);
        json.WriteString("id"u8, record.SpanId);
        json.WriteString("traceId"u8, record.TraceId);
        Add(json, "parentObservationId", record.ParentSpanId);
        Add(json, "name", record.Name);
        Add(json, "startTime", Time(record.StartedAt));
        Add(json, "endTime", Time(record.EndedAt < record.StartedAt ? record.StartedAt : record.EndedAt));
        if (record.FirstTokenAt is { } first) Add(json, "completionStartTime", Time(first));
        Add(json, "level", LangfuseSpans.LevelOf(record.Level));
        if (record.StatusMessage is { } message) json.WriteString("statusMessage"u8, OtlpAttributes.Cut(message, OtlpAttributes.MaxTextLength));
        Add(json, "model", record.UpstreamModel ?? record.Model);
        Add(json, "version", record.Version);
        Add(json, "environment", environment);
        if (record is { PromptName: { } prompt, PromptVersion: { } promptVersion })
        {
            // Both or neither, else the event is refused.
            Add(json, "promptName", prompt);
            json.WriteNumber("promptVersion"u8, promptVersion);
        }

        LegacyNumbers.WriteParameters(json, record);
        LegacyNumbers.WriteUsage(json, record);
        AddRaw(json, "input", record.Input);
        AddRaw(json, "output", record.Output);
        AddMetadata(json, record.Metadata, record.Attempts);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteAttempt(Utf8JsonWriter json, CompletionRecord record, int index, string? environment)
    {
        var attempt = record.Attempts![index];
        WriteStart(json, AttemptEventId(record.Id, index), "span-create", record);
        json.WriteString("id"u8, attempt.SpanId);
        json.WriteString("traceId"u8, record.TraceId);
        json.WriteString("parentObservationId"u8, record.SpanId);
        Add(json, "name", attempt.Name);
        Add(json, "startTime", Time(attempt.StartedAt));
        Add(json, "endTime", Time(attempt.EndedAt < attempt.StartedAt ? attempt.StartedAt : attempt.EndedAt));
        Add(json, "level", LangfuseSpans.LevelOf(attempt.Status is null ? CompletionLevel.Default : CompletionLevel.Error));
        if (attempt.Message is { } message) json.WriteString("statusMessage"u8, OtlpAttributes.Cut(message, OtlpAttributes.MaxTextLength));
        Add(json, "environment", environment);
        json.WriteStartObject("metadata"u8);
        Add(json, "model", attempt.Model);
        Add(json, "provider", attempt.Provider);
        if (attempt.Status is { } status) json.WriteNumber("status"u8, status);
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteStart(Utf8JsonWriter json, string id, string type, CompletionRecord record)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, id);
        json.WriteString("type"u8, type);
        json.WriteString("timestamp"u8, Time(record.EndedAt));
        json.WriteStartObject("body"u8);
    }

    private static void Add(Utf8JsonWriter json, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value)) json.WriteString(name, OtlpAttributes.Cut(value, OtlpAttributes.MaxShortLength));
    }

    private static void AddRaw(Utf8JsonWriter json, string name, ReadOnlyMemory<byte> value)
    {
        if (value.IsEmpty) return;
        json.WritePropertyName(name);
        RawJson.Write(json, value.Span);
    }

    private static void AddMetadata(Utf8JsonWriter json, IReadOnlyDictionary<string, string> metadata, IReadOnlyList<CompletionAttempt>? attempts)
    {
        if (metadata.Count == 0 && attempts is null) return;
        json.WriteStartObject("metadata"u8);
        foreach (var (name, value) in metadata)
        {
            if (!OtlpAttributes.IsSafeName(name)) continue;
            json.WritePropertyName(name);
            RawJson.Write(json, value);
        }

        for (var i = 0; i < attempts?.Count; i++) json.WriteString($"attempt_{i + 1}", OtlpAttributes.Cut(attempts[i].Describe(), OtlpAttributes.MaxTextLength));
        json.WriteEndObject();
    }

    private static string Time(DateTimeOffset time) => $"{time.UtcDateTime:yyyy-MM-ddTHH:mm:ss.fffZ}";
}
