using System.Buffers;
using System.Text;
using System.Text.Json;
using Proxy.Logging.Records;

namespace Proxy.Logging.Langfuse;

/// <summary>A record as one finished OTLP span in JSON, in the attributes that Langfuse reads first.</summary>
internal static class OtlpSpanWriter
{
    // Kinds and codes are numbers: Langfuse ignores their names.
    private const int ServerKind = 2;
    private const int OkCode = 1;
    private const int ErrorCode = 2;
    private const int MaxEnvironmentLength = 40;

    /// <summary>The request up to its first span; <c>]}]}]}</c> ends it.</summary>
    public static byte[] WriteEnvelope() => Encoding.UTF8.GetBytes(
        $$$"""
        {"resourceSpans":[{"resource":{"attributes":[
        {"key":"service.name","value":{"stringValue":"{{{ProductName.Name}}}"}},
        {"key":"service.version","value":{"stringValue":"{{{ProductName.Version}}}"}}]},
        "scopeSpans":[{"scope":{"name":"{{{ProductName.Name}}}","version":"{{{ProductName.Version}}}"},"spans":[
        """);

    /// <param name="output">Gets the span.</param>
    /// <param name="record">The call.</param>
    /// <param name="environment">What the target says of it, over what the record says.</param>
    public static void Write(IBufferWriter<byte> output, CompletionRecord record, string? environment = null)
    {
        using var writer = new Utf8JsonWriter(output, OtlpAttributes.WriterOptions);
        WriteStart(writer, record, record.Name);
        var attributes = new OtlpAttributes(writer);
        WriteTrace(attributes, record, environment ?? record.Environment);
        WriteObservation(attributes, record);
        WriteMetadata(attributes, record);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    /// <summary>The span up to its first attribute.</summary>
    public static void WriteStart(Utf8JsonWriter writer, CompletionRecord record, string name)
    {
        writer.WriteStartObject();
        writer.WriteString("traceId"u8, record.TraceId);
        writer.WriteString("spanId"u8, record.SpanId);
        if (record.ParentSpanId is { } parent) writer.WriteString("parentSpanId"u8, parent);
        writer.WriteString("name"u8, name);
        writer.WriteNumber("kind"u8, ServerKind);
        writer.WriteString("startTimeUnixNano"u8, Nanoseconds(record.StartedAt));
        writer.WriteString("endTimeUnixNano"u8, Nanoseconds(record.EndedAt < record.StartedAt ? record.StartedAt : record.EndedAt));
        WriteStatus(writer, record);
        writer.WriteStartArray("attributes"u8);
    }

    private static void WriteStatus(Utf8JsonWriter writer, CompletionRecord record)
    {
        var isError = record.Level == CompletionLevel.Error;
        writer.WriteStartObject("status"u8);
        writer.WriteNumber("code"u8, isError ? ErrorCode : OkCode);
        if (isError && record.StatusMessage is { } message) writer.WriteString("message"u8, message);
        writer.WriteEndObject();
    }

    /// <remarks>Langfuse has no trace of its own any more: what belongs to the trace stands on every span.</remarks>
    private static void WriteTrace(OtlpAttributes attributes, CompletionRecord record, string? environment)
    {
        attributes.AddShort("langfuse.trace.name", record.TraceName);
        attributes.AddShort("langfuse.user.id", record.UserId);
        attributes.AddShort("langfuse.session.id", record.SessionId);
        attributes.AddShort("langfuse.environment", EnvironmentOf(environment));
        attributes.AddShort("langfuse.release", record.Release);
        attributes.AddShort("langfuse.version", record.Version);
        attributes.AddList("langfuse.trace.tags", record.Tags);
        attributes.AddMetadata("langfuse.trace.metadata.", record.TraceMetadata);
    }

    private static void WriteObservation(OtlpAttributes attributes, CompletionRecord record)
    {
        attributes.AddShort("langfuse.observation.type", record.Operation == "embeddings" ? "embedding" : "generation");
        attributes.AddShort("langfuse.observation.level", LevelOf(record.Level));
        attributes.AddText("langfuse.observation.status_message", record.StatusMessage);
        attributes.AddText("langfuse.observation.model.name", record.UpstreamModel ?? record.Model);
        attributes.AddJson("langfuse.observation.model.parameters", record.Parameters.Span);
        attributes.AddJson("langfuse.observation.input", record.Input.Span);
        attributes.AddJson("langfuse.observation.output", record.Output.Span);
        if (record.FirstTokenAt is { } first)
            attributes.AddText("langfuse.observation.completion_start_time", $"{first.UtcDateTime:yyyy-MM-ddTHH:mm:ss.fffffffZ}");
        if (record.Usage is { } usage) attributes.AddJson("langfuse.observation.usage_details", UsageOf(usage));
        if (record.Cost is { } cost) attributes.AddJson("langfuse.observation.cost_details", CostOf(cost));
    }

    /// <remarks>What the record knows by itself, unless the metadata says it already.</remarks>
    private static void WriteMetadata(OtlpAttributes attributes, CompletionRecord record)
    {
        const string Prefix = "langfuse.observation.metadata.";
        attributes.AddMetadata(Prefix, record.Metadata);
        if (!record.Metadata.ContainsKey("call_id")) attributes.AddShort(Prefix + "call_id", $"{record.Id}");
        if (!record.Metadata.ContainsKey("provider")) attributes.AddShort(Prefix + "provider", record.Provider);
        if (!record.Metadata.ContainsKey("requested_model")) attributes.AddShort(Prefix + "requested_model", record.Model);
    }

    private static string Nanoseconds(DateTimeOffset time) => $"{(time - DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick}";

    public static string LevelOf(CompletionLevel level) => level switch
    {
        CompletionLevel.Warning => "WARNING",
        CompletionLevel.Error => "ERROR",
        _ => "DEFAULT",
    };

    /// <remarks>Langfuse turns an environment that it cannot take into <c>default</c>, without a word.</remarks>
    public static string? EnvironmentOf(string? environment) => environment is not { } name
        ? null
        : name.ToLowerInvariant()[..Math.Min(name.Length, MaxEnvironmentLength)];

    /// <remarks>Buckets that add up. One that is empty is left out, save the two that every call has.</remarks>
    public static byte[] UsageOf(CompletionUsage usage)
    {
        var text = new StringBuilder($"{{\"input\":{usage.Input}");
        if (usage.CachedInput != 0) text.Append($",\"input_cached_tokens\":{usage.CachedInput}");
        if (usage.CacheWrite != 0) text.Append($",\"input_cache_creation\":{usage.CacheWrite}");
        text.Append($",\"output\":{usage.Output}");
        if (usage.Reasoning != 0) text.Append($",\"output_reasoning_tokens\":{usage.Reasoning}");
        return Encoding.UTF8.GetBytes($"{text},\"total\":{usage.Total}}}");
    }

    /// <remarks>With a cost given Langfuse computes none, and has no total unless we say it.</remarks>
    public static byte[] CostOf(CompletionCost cost) =>
        Encoding.UTF8.GetBytes($$"""{"input":{{cost.Input}},"output":{{cost.Output}},"total":{{cost.Total}}}""");
}
