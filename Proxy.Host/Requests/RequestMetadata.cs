using System.Collections.ObjectModel;

namespace Proxy.Host.Requests;

/// <summary>What a call's <c>metadata</c>, <c>litellm_metadata</c> and <c>tags</c>, and its <c>langfuse_*</c> headers, say to the log.</summary>
internal sealed class RequestMetadata
{
    private static readonly IReadOnlyDictionary<string, string> None = ReadOnlyDictionary<string, string>.Empty;

    // Most calls say nothing of all this: what nobody fills is not there.
    private List<string>? _updateTraceKeys;
    private List<string>? _tags;
    private List<string>? _logTags;
    private Dictionary<string, string>? _fields;
    private Dictionary<string, string>? _traceFields;

    public string? TraceId { get; set; }

    /// <summary>The client adds to a trace of its own, which stays as it is but for <see cref="UpdateTraceKeys"/>.</summary>
    public bool IsExistingTrace { get; set; }

    public string? TraceName { get; set; }

    public string? TraceUserId { get; set; }

    public string? SessionId { get; set; }

    /// <summary>Who uses the application that calls, in the words of Anthropic's API.</summary>
    public string? UserId { get; set; }

    public string? GenerationName { get; set; }

    public string? GenerationId { get; set; }

    public string? ParentObservationId { get; set; }

    public string? Release { get; set; }

    public string? Version { get; set; }

    public bool MasksInput { get; set; }

    public bool MasksOutput { get; set; }

    /// <summary>The prompt of Langfuse's own that the call was made with.</summary>
    public string? PromptName { get; set; }

    public int? PromptVersion { get; set; }

    /// <summary>The client wants its own metadata on the trace, as it was sent.</summary>
    public bool IsDebugging { get; set; }

    public IReadOnlyList<string> UpdateTraceKeys => _updateTraceKeys ?? [];

    public IReadOnlyList<string> Tags => _tags ?? [];

    /// <summary>Tags that the log alone has: headers for the log are read when the call is over, and nothing was held for these.</summary>
    public IReadOnlyList<string> LogTags => _logTags ?? [];

    /// <summary>The client's own fields; values are JSON texts.</summary>
    public IReadOnlyDictionary<string, string> Fields => _fields ?? None;

    /// <summary>Fields for the trace; values are JSON texts.</summary>
    public IReadOnlyDictionary<string, string> TraceFields => _traceFields ?? None;

    /// <summary>For whoever adds to <see cref="UpdateTraceKeys"/>; so the others.</summary>
    public List<string> UpdateTraceKeysToFill => _updateTraceKeys ??= [];

    public List<string> TagsToFill => _tags ??= [];

    public List<string> LogTagsToFill => _logTags ??= [];

    public Dictionary<string, string> FieldsToFill => _fields ??= [];

    public Dictionary<string, string> TraceFieldsToFill => _traceFields ??= [];

    /// <returns>False when the name is none of a text that steers the log.</returns>
    public static bool IsText(string name) => name is "trace_id" or "existing_trace_id" or "trace_name" or "trace_user_id" or "session_id"
        or "generation_name" or "generation_id" or "parent_observation_id" or "trace_release" or "trace_version" or "version";

    public void SetText(string name, string? text)
    {
        if (text is null) return;

        switch (name)
        {
            case "trace_id" when !IsExistingTrace: TraceId = text; break;
            case "existing_trace_id": (TraceId, IsExistingTrace) = (text, true); break;
            case "trace_name": TraceName = text; break;
            case "trace_user_id": TraceUserId = text; break;
            case "session_id": SessionId = text; break;
            case "generation_name": GenerationName = text; break;
            case "generation_id": GenerationId = text; break;
            case "parent_observation_id": ParentObservationId = text; break;
            case "trace_release": Release = text; break;
            case "trace_version" or "version": Version = text; break;
        }
    }

    /// <summary>Whether something of the trace is the client's to say: always of a new one, of an existing one only what it lists.</summary>
    public bool MaySet(string traceKey) => !IsExistingTrace || UpdateTraceKeys.Contains(traceKey) || UpdateTraceKeys.Contains("trace_" + traceKey);
}
