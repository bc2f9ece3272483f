using System.Buffers.Text;
using System.Text.Json.Serialization;

namespace Proxy.Logging.Records;

/// <summary>All of a record but its bodies, of which it tells the lengths.</summary>
internal sealed record RecordHead(CompletionRecord Record, int Parameters, int Input, int Output)
{
    private const int MaxFixedLength = 64;

    private static readonly FactStyle Facts = new(AddFact);

    /// <summary>Writes what <see cref="RecordJsonContext"/> reads. By hand: it is done for every call, and the serializer took half of the time in which a record is prepared (decision 27).</summary>
    public static void Write(PooledBuffer output, CompletionRecord record)
    {
        output.Write("{\"record\":{\"id\":\""u8);
        Utf8Formatter.TryFormat(record.Id, output.GetSpan(MaxFixedLength), out var length);
        output.Advance(length);
        output.Write("\""u8);
        Add(output, ",\"trace_id\":"u8, record.TraceId);
        Add(output, ",\"span_id\":"u8, record.SpanId);
        Add(output, ",\"parent_span_id\":"u8, record.ParentSpanId);
        Add(output, ",\"trace_name\":"u8, record.TraceName);
        Add(output, ",\"is_added_to_trace\":"u8, record.IsAddedToTrace);
        Add(output, ",\"name\":"u8, record.Name);
        Add(output, ",\"operation\":"u8, record.Operation);
        Add(output, ",\"started_at\":"u8, record.StartedAt);
        Add(output, ",\"ended_at\":"u8, record.EndedAt);
        Add(output, ",\"first_token_at\":"u8, record.FirstTokenAt);
        Add(output, ",\"level\":"u8, (long)record.Level);
        Add(output, ",\"status_message\":"u8, record.StatusMessage);
        Add(output, ",\"model\":"u8, record.Model);
        Add(output, ",\"upstream_model\":"u8, record.UpstreamModel);
        Add(output, ",\"provider\":"u8, record.Provider);
        Add(output, ",\"user_id\":"u8, record.UserId);
        Add(output, ",\"session_id\":"u8, record.SessionId);
        AddTags(output, record.Tags);
        AddFacts(output, ",\"metadata\":{"u8, record.Metadata);
        AddFacts(output, ",\"trace_metadata\":{"u8, record.TraceMetadata);
        AddMoney(output, record);
        Add(output, ",\"environment\":"u8, record.Environment);
        AddAttempts(output, record);
        Add(output, ",\"prompt_name\":"u8, record.PromptName);
        if (record.PromptVersion is { } version) Add(output, ",\"prompt_version\":"u8, version);
        Add(output, ",\"sets_trace_input\":"u8, record.SetsTraceInput);
        Add(output, ",\"sets_trace_output\":"u8, record.SetsTraceOutput);
        Add(output, ",\"release\":"u8, record.Release);
        Add(output, ",\"version\":"u8, record.Version);
        output.Write("}"u8);
        Add(output, ",\"parameters\":"u8, record.Parameters.Length);
        Add(output, ",\"input\":"u8, record.Input.Length);
        Add(output, ",\"output\":"u8, record.Output.Length);
        output.Write("}"u8);
    }

    private static void AddTags(PooledBuffer output, IReadOnlyList<string> tags)
    {
        output.Write(",\"tags\":["u8);
        for (var i = 0; i < tags.Count; i++)
        {
            if (i > 0) output.Write(","u8);
            JsonText.WriteString(output, tags[i]);
        }

        output.Write("]"u8);
    }

    private static void AddFacts(PooledBuffer output, ReadOnlySpan<byte> start, IReadOnlyDictionary<string, string> facts)
    {
        output.Write(start);
        Facts.Write(output, facts);

        // The comma of the last one goes.
        if (facts.Count > 0) output.Truncate(output.Count - 1);
        output.Write("}"u8);
    }

    private static void AddFact(PooledBuffer output, string name, string value)
    {
        JsonText.WriteString(output, name);
        output.Write(":"u8);
        JsonText.WriteString(output, value);
        output.Write(","u8);
    }

    private static void AddMoney(PooledBuffer output, CompletionRecord record)
    {
        if (record.Usage is { } usage)
        {
            Add(output, ",\"usage\":{\"input\":"u8, usage.Input);
            Add(output, ",\"cached_input\":"u8, usage.CachedInput);
            Add(output, ",\"cache_write\":"u8, usage.CacheWrite);
            Add(output, ",\"output\":"u8, usage.Output);
            Add(output, ",\"reasoning\":"u8, usage.Reasoning);
            output.Write("}"u8);
        }

        if (record.Cost is not { } cost) return;

        Add(output, ",\"cost\":{\"input\":"u8, cost.Input);
        Add(output, ",\"output\":"u8, cost.Output);
        output.Write("}"u8);
    }

    private static void AddAttempts(PooledBuffer output, CompletionRecord record)
    {
        Add(output, ",\"has_attempt_spans\":"u8, record.HasAttemptSpans);
        if (record.Attempts is not { } attempts) return;

        output.Write(",\"attempts\":["u8);
        for (var i = 0; i < attempts.Count; i++)
        {
            var attempt = attempts[i];
            Add(output, i == 0 ? "{\"span_id\":"u8 : ",{\"span_id\":"u8, attempt.SpanId);
            Add(output, ",\"name\":"u8, attempt.Name);
            Add(output, ",\"model\":"u8, attempt.Model);
            Add(output, ",\"provider\":"u8, attempt.Provider);
            Add(output, ",\"started_at\":"u8, attempt.StartedAt);
            Add(output, ",\"ended_at\":"u8, attempt.EndedAt);
            if (attempt.Status is { } status) Add(output, ",\"status\":"u8, status);
            Add(output, ",\"message\":"u8, attempt.Message);
            output.Write("}"u8);
        }

        output.Write("]"u8);
    }

    private static void Add(PooledBuffer output, ReadOnlySpan<byte> name, string? value)
    {
        if (value is null) return;

        output.Write(name);
        JsonText.WriteString(output, value);
    }

    private static void Add(PooledBuffer output, ReadOnlySpan<byte> name, long value)
    {
        output.Write(name);
        JsonText.WriteNumber(output, value);
    }

    private static void Add(PooledBuffer output, ReadOnlySpan<byte> name, decimal value)
    {
        output.Write(name);
        Utf8Formatter.TryFormat(value, output.GetSpan(MaxFixedLength), out var length);
        output.Advance(length);
    }

    private static void Add(PooledBuffer output, ReadOnlySpan<byte> name, DateTimeOffset? value)
    {
        if (value is not { } time) return;

        output.Write(name);
        output.Write("\""u8);
        Utf8Formatter.TryFormat(time, output.GetSpan(MaxFixedLength), out var length, 'O');
        output.Advance(length);
        output.Write("\""u8);
    }

    private static void Add(PooledBuffer output, ReadOnlySpan<byte> name, bool value)
    {
        if (!value) return;

        output.Write(name);
        output.Write("true"u8);
    }
}

[JsonSourceGenerationOptions(
    GenerationMode = JsonSourceGenerationMode.Metadata,
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(RecordHead))]
internal sealed partial class RecordJsonContext : JsonSerializerContext;
