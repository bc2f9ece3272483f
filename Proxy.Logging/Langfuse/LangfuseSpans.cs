using System.Buffers.Text;
using Proxy.Logging.Otlp;
using Proxy.Logging.Records;

namespace Proxy.Logging.Langfuse;

/// <summary>A record as spans, in the attributes that Langfuse reads first.</summary>
internal static class LangfuseSpans
{
    private const int MaxEnvironmentLength = 40;

    private static readonly FactStyle TraceFacts = OtlpSpan.FactsUnder("langfuse.trace.metadata.");
    private static readonly FactStyle Facts = OtlpSpan.FactsUnder("langfuse.observation.metadata.");

    /// <param name="output">Gets the span of the call, and one for each attempt that is told.</param>
    /// <param name="record">The call.</param>
    /// <param name="environment">What the target says of it, over what the record says.</param>
    public static void Write(PooledBuffer output, CompletionRecord record, string? environment = null)
    {
        environment ??= record.Environment;
        var request = new OtlpRequest(output);
        var span = request.BeginSpan(record, record.Name);
        WriteTrace(span, record, environment);
        WriteObservation(span.Attributes, record);
        WriteMetadata(span, record);
        span.End();
        if (record.HasAttemptSpans)
        {
            foreach (var attempt in record.Attempts ?? []) WriteAttempt(request, record, attempt, environment);
        }

        request.End();
    }

    /// <remarks>A child of the call's span, without usage and cost: these are counted there.</remarks>
    private static void WriteAttempt(OtlpRequest request, CompletionRecord record, CompletionAttempt attempt, string? environment)
    {
        var span = request.BeginSpan(SpanOf(record, attempt), attempt.Name);
        var attributes = span.Attributes;
        WriteTrace(span, record, environment);
        attributes.AddShort("langfuse.observation.type"u8, "span");
        attributes.AddShort("langfuse.observation.level"u8, LevelOf(attempt.Status is null ? CompletionLevel.Default : CompletionLevel.Error));
        attributes.AddText("langfuse.observation.status_message"u8, attempt.Message);
        attributes.AddShort("langfuse.observation.metadata.model"u8, attempt.Model);
        attributes.AddShort("langfuse.observation.metadata.provider"u8, attempt.Provider);
        if (attempt.Status is { } status) attributes.AddShort("langfuse.observation.metadata.status"u8, $"{status}");
        span.End();
    }

    /// <summary>The span of an attempt, as far as every span has it.</summary>
    private static CompletionRecord SpanOf(CompletionRecord record, CompletionAttempt attempt) => record with
    {
        SpanId = attempt.SpanId,
        ParentSpanId = record.SpanId,
        StartedAt = attempt.StartedAt,
        EndedAt = attempt.EndedAt,
        Level = attempt.Status is null ? CompletionLevel.Default : CompletionLevel.Error,
        StatusMessage = attempt.Message,
    };

    /// <remarks>Langfuse has no trace of its own any more: what belongs to the trace stands on every span.</remarks>
    private static void WriteTrace(OtlpSpan span, CompletionRecord record, string? environment)
    {
        var attributes = span.Attributes;
        attributes.AddShort("langfuse.trace.name"u8, record.TraceName);
        attributes.AddShort("langfuse.user.id"u8, record.UserId);
        attributes.AddShort("langfuse.session.id"u8, record.SessionId);
        attributes.AddShort("langfuse.environment"u8, EnvironmentOf(environment));
        attributes.AddShort("langfuse.release"u8, record.Release);
        attributes.AddShort("langfuse.version"u8, record.Version);
        attributes.AddList("langfuse.trace.tags"u8, record.Tags);
        span.AddFacts(TraceFacts, record.TraceMetadata);
    }

    private static void WriteObservation(OtlpAttributes attributes, CompletionRecord record)
    {
        attributes.AddShort("langfuse.observation.type"u8, record.Operation == "embeddings" ? "embedding" : "generation");
        attributes.AddShort("langfuse.observation.level"u8, LevelOf(record.Level));
        attributes.AddText("langfuse.observation.status_message"u8, record.StatusMessage);
        attributes.AddText("langfuse.observation.model.name"u8, record.UpstreamModel ?? record.Model);
        attributes.AddJson("langfuse.observation.model.parameters"u8, record.Parameters.Span);
        attributes.AddJson("langfuse.observation.input"u8, record.Input.Span);
        attributes.AddJson("langfuse.observation.output"u8, record.Output.Span);
        if (record.SetsTraceInput) attributes.AddJson("langfuse.trace.input"u8, record.Input.Span);
        if (record.SetsTraceOutput) attributes.AddJson("langfuse.trace.output"u8, record.Output.Span);
        if (record is { PromptName: { } prompt, PromptVersion: { } version })
        {
            attributes.AddShort("langfuse.observation.prompt.name"u8, prompt);
            attributes.AddNumber("langfuse.observation.prompt.version"u8, version);
        }

        if (record.FirstTokenAt is { } first)
            attributes.AddText("langfuse.observation.completion_start_time"u8, $"{first.UtcDateTime:yyyy-MM-ddTHH:mm:ss.fffffffZ}");
        Span<byte> numbers = stackalloc byte[MaxNumbersLength];
        if (record.Usage is { } usage) attributes.AddJson("langfuse.observation.usage_details"u8, UsageOf(usage, numbers));
        if (record.Cost is { } cost) attributes.AddJson("langfuse.observation.cost_details"u8, CostOf(cost, numbers));
    }

    /// <remarks>What the record knows by itself, unless the metadata says it already.</remarks>
    private static void WriteMetadata(OtlpSpan span, CompletionRecord record)
    {
        var attributes = span.Attributes;
        span.AddFacts(Facts, record.Metadata);
        attributes.AddAttempts("langfuse.observation.metadata.attempt_"u8, record.Attempts);
        if (!record.Metadata.ContainsKey("call_id")) attributes.AddShort("langfuse.observation.metadata.call_id"u8, $"{record.Id}");
        if (!record.Metadata.ContainsKey("provider")) attributes.AddShort("langfuse.observation.metadata.provider"u8, record.Provider);
        if (!record.Metadata.ContainsKey("requested_model")) attributes.AddShort("langfuse.observation.metadata.requested_model"u8, record.Model);
    }

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

    /// <summary>Room for all buckets of usage, or for a cost.</summary>
    public const int MaxNumbersLength = 512;

    /// <remarks>Buckets that add up. One that is empty is left out, save the two that every call has.</remarks>
    public static ReadOnlySpan<byte> UsageOf(CompletionUsage usage, Span<byte> room)
    {
        var length = 0;
        Append(room, ref length, "{\"input\":"u8, usage.Input);
        if (usage.CachedInput != 0) Append(room, ref length, ",\"input_cached_tokens\":"u8, usage.CachedInput);
        if (usage.CacheWrite != 0) Append(room, ref length, ",\"input_cache_creation\":"u8, usage.CacheWrite);
        Append(room, ref length, ",\"output\":"u8, usage.Output);
        if (usage.Reasoning != 0) Append(room, ref length, ",\"output_reasoning_tokens\":"u8, usage.Reasoning);
        Append(room, ref length, ",\"total\":"u8, usage.Total);
        room[length] = (byte)'}';
        return room[..(length + 1)];
    }

    /// <remarks>With a cost given Langfuse computes none, and has no total unless we say it.</remarks>
    public static ReadOnlySpan<byte> CostOf(CompletionCost cost, Span<byte> room)
    {
        var length = 0;
        Append(room, ref length, "{\"input\":"u8, cost.Input);
        Append(room, ref length, ",\"output\":"u8, cost.Output);
        Append(room, ref length, ",\"total\":"u8, cost.Total);
        room[length] = (byte)'}';
        return room[..(length + 1)];
    }

    private static void Append(Span<byte> room, ref int length, ReadOnlySpan<byte> name, long count)
    {
        name.CopyTo(room[length..]);
        length += name.Length;
        Utf8Formatter.TryFormat(count, room[length..], out var written);
        length += written;
    }

    private static void Append(Span<byte> room, ref int length, ReadOnlySpan<byte> name, decimal dollars)
    {
        name.CopyTo(room[length..]);
        length += name.Length;
        Utf8Formatter.TryFormat(dollars, room[length..], out var written);
        length += written;
    }
}
