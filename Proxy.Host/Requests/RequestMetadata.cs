namespace Proxy.Host.Requests;

/// <summary>What a call's <c>metadata</c>, <c>litellm_metadata</c> and <c>tags</c> say to the log.</summary>
internal sealed class RequestMetadata
{
    public string? TraceId { get; set; }

    public string? TraceName { get; set; }

    public string? TraceUserId { get; set; }

    public string? SessionId { get; set; }

    public string? GenerationName { get; set; }

    public string? Release { get; set; }

    public string? Version { get; set; }

    public List<string> Tags { get; } = [];

    /// <summary>The client's own fields; values are JSON texts.</summary>
    public Dictionary<string, string> Fields { get; } = [];

    /// <summary>Fields for the trace; values are JSON texts.</summary>
    public Dictionary<string, string> TraceFields { get; } = [];
}
