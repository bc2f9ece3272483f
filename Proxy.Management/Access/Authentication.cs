using Proxy.Management.Errors;

namespace Proxy.Management.Access;

/// <summary>The answer to who is calling. A known key that may not call has both: the refusal, and the caller to record it against.</summary>
public readonly record struct Authentication(Caller? Caller, ProxyError? Error)
{
    public bool IsAllowed => Error is null && Caller is not null;
}
