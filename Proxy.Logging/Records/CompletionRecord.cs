using System.Collections.ObjectModel;
using System.Text.Json.Serialization;

namespace Proxy.Logging.Records;

/// <summary>One finished call, as every log target gets it. Its ids are made when the call is recorded and never change.</summary>
public sealed record CompletionRecord
{
    /// <summary>The id of the call; also in the ledger and in the client's <c>x-litellm-call-id</c>.</summary>
    public required Guid Id { get; init; }

    /// <summary>32 lower-case hex digits.</summary>
    public required string TraceId { get; init; }

    /// <summary>16 lower-case hex digits.</summary>
    public required string SpanId { get; init; }

    /// <summary>The observation that this one belongs under: 16 lower-case hex digits.</summary>
    public string? ParentSpanId { get; init; }

    /// <summary>Null where the client adds to a trace that has a name already.</summary>
    public string? TraceName { get; init; }

    /// <summary>The client adds to a trace of its own; what is null here leaves that trace as it is.</summary>
    public bool IsAddedToTrace { get; init; }

    /// <summary>The name of the generation within its trace.</summary>
    public required string Name { get; init; }

    /// <summary>What the client called: <c>chat</c>, <c>text_completion</c> or <c>embeddings</c> (the words of the GenAI conventions).</summary>
    public required string Operation { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public required DateTimeOffset EndedAt { get; init; }

    /// <summary>When the first byte of a streamed answer went out.</summary>
    public DateTimeOffset? FirstTokenAt { get; init; }

    public required CompletionLevel Level { get; init; }

    /// <summary>Why the level is not default: one sentence, without a prompt.</summary>
    public string? StatusMessage { get; init; }

    /// <summary>The model that the client asked for.</summary>
    public string? Model { get; init; }

    /// <summary>The model that the provider says it used.</summary>
    public string? UpstreamModel { get; init; }

    public string? Provider { get; init; }

    public string? UserId { get; init; }

    public string? SessionId { get; init; }

    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>Flat facts about the call: key alias, team, attempt, the client's own metadata. Values are JSON texts.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = ReadOnlyDictionary<string, string>.Empty;

    /// <summary>Metadata of the trace, where the client gave some. Values are JSON texts.</summary>
    public IReadOnlyDictionary<string, string> TraceMetadata { get; init; } = ReadOnlyDictionary<string, string>.Empty;

    /// <summary>Model parameters as one JSON object.</summary>
    [JsonIgnore]
    public ReadOnlyMemory<byte> Parameters { get; init; }

    /// <summary>What was asked, as JSON; empty when bodies are not kept.</summary>
    [JsonIgnore]
    public ReadOnlyMemory<byte> Input { get; init; }

    /// <summary>What was answered, as JSON; a stream's answer is put together. Empty when there was none or bodies are not kept.</summary>
    [JsonIgnore]
    public ReadOnlyMemory<byte> Output { get; init; }

    public CompletionUsage? Usage { get; init; }

    public CompletionCost? Cost { get; init; }

    public string? Environment { get; init; }

    /// <summary>The tries of a call that needed several; else null.</summary>
    public IReadOnlyList<CompletionAttempt>? Attempts { get; init; }

    /// <summary>The team asks for a span of its own for each of them.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool HasAttemptSpans { get; init; }

    /// <summary>A prompt of Langfuse's own that the call was made with, and its version.</summary>
    public string? PromptName { get; init; }

    public int? PromptVersion { get; init; }

    /// <summary>The client wants its trace to show this prompt, though it adds to a trace that exists.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool SetsTraceInput { get; init; }

    /// <summary>As <see cref="SetsTraceInput"/>, for the answer.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool SetsTraceOutput { get; init; }

    public string? Release { get; init; }

    public string? Version { get; init; }
}

/// <summary>How a call ended. Stored by number: add at the end, never reorder.</summary>
public enum CompletionLevel
{
    Default,
    Warning,
    Error,
}

/// <summary>Tokens of one call in buckets that add up: <paramref name="Input"/> is without the cached ones, <paramref name="Output"/> without reasoning.</summary>
public sealed record CompletionUsage(long Input, long CachedInput, long CacheWrite, long Output, long Reasoning)
{
    public long Total => Input + CachedInput + CacheWrite + Output + Reasoning;
}

/// <summary>US dollars.</summary>
public sealed record CompletionCost(decimal Input, decimal Output)
{
    public decimal Total => Input + Output;
}
