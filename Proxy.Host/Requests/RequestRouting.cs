namespace Proxy.Host.Requests;

/// <summary>How the client wants its call to be routed; null and empty where it says nothing.</summary>
internal sealed class RequestRouting
{
    public int? Retries { get; set; }

    /// <summary>For the whole call with all its attempts.</summary>
    public TimeSpan? Timeout { get; set; }

    /// <summary>Until the first byte of a streamed answer.</summary>
    public TimeSpan? FirstByteTimeout { get; set; }

    public bool AreFallbacksDisabled { get; set; }

    /// <summary>They replace those of the cluster. Null: the client named none.</summary>
    public List<string>? Fallbacks { get; set; }

    public List<string>? ContextWindowFallbacks { get; set; }

    public List<string>? ContentPolicyFallbacks { get; set; }

    public bool HasFallbacks => Fallbacks is not null || ContextWindowFallbacks is not null || ContentPolicyFallbacks is not null;

    public void ResolveFallbacks(Func<string, string> resolve)
    {
        Fallbacks = Fallbacks?.ConvertAll(model => resolve(model));
        ContextWindowFallbacks = ContextWindowFallbacks?.ConvertAll(model => resolve(model));
        ContentPolicyFallbacks = ContentPolicyFallbacks?.ConvertAll(model => resolve(model));
    }

    public IEnumerable<string> AllFallbacks => [.. Fallbacks ?? [], .. ContextWindowFallbacks ?? [], .. ContentPolicyFallbacks ?? []];
}
