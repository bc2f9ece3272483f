using Proxy.Management.Errors;

namespace Proxy.Host.Failover;

/// <summary>What a failed attempt says about trying again.</summary>
internal enum FailureKind
{
    /// <summary>The request itself is at fault; nobody else would take it.</summary>
    ClientFault,

    /// <summary>The prompt is too long for this model.</summary>
    ContextWindow,

    /// <summary>The provider will not answer such a prompt.</summary>
    ContentPolicy,

    /// <summary>The call cannot be carried over to what the destination speaks; one that speaks the client's API takes it.</summary>
    Untranslatable,

    /// <summary>The destination took its last call a moment ago; nothing was sent.</summary>
    Full,

    /// <summary>The destination is of no use for this call; another one may be.</summary>
    Misplaced,

    /// <summary>Busy, broken, or not to be reached; it may pass.</summary>
    Transient,

    /// <summary>The cluster has nowhere to go.</summary>
    Unavailable,
}

/// <summary>Why an attempt came to nothing, before any byte of it reached the client.</summary>
/// <param name="Error">The failure in our words.</param>
internal sealed record AttemptFailure(FailureKind Kind, ProxyError Error)
{
    /// <summary>What the provider itself answered, where the client may see it.</summary>
    public ProviderRefusal? Answer { get; init; }

    /// <summary>The provider's status; null when it gave none.</summary>
    public int? Status { get; init; }

    /// <summary>How long the provider wants to be left alone.</summary>
    public TimeSpan? RetryAfter { get; init; }
}

/// <summary>A provider's refusal, byte for byte.</summary>
internal sealed record ProviderRefusal(int Status, string? ContentType, IReadOnlyList<(string Name, string Value)> Headers, ReadOnlyMemory<byte> Body);
