using Proxy.Management.Keys;
using Proxy.Management.Resources;

namespace Proxy.Management.Spend;

/// <summary>How a call ended.</summary>
public enum SpendOutcome
{
    Success = 0,

    /// <summary>No destination answered well.</summary>
    Failure = 1,

    /// <summary>Refused before any attempt.</summary>
    Rejected = 2,

    /// <summary>The client went away.</summary>
    Aborted = 3,

    /// <summary>The answer broke after its first byte.</summary>
    Incomplete = 4,
}

/// <summary>One finished call, as the ledger keeps it.</summary>
public sealed record SpendEntry
{
    /// <summary>A UUID of version 7, so that rows are appended in the order of time. It is recorded once.</summary>
    public required Guid CallId { get; init; }

    public required string CallType { get; init; }

    /// <summary>Null for the master key and for callers that nobody knows.</summary>
    public KeyHash? KeyHash { get; init; }

    public string? TeamId { get; init; }

    public string? UserId { get; init; }

    public string? OrganizationId { get; init; }

    public string? EndUser { get; init; }

    public required string Model { get; init; }

    public string? UpstreamModel { get; init; }

    public string? Provider { get; init; }

    /// <summary><c>cluster/destination</c>.</summary>
    public string? Destination { get; init; }

    public required SpendOutcome Outcome { get; init; }

    public required int StatusCode { get; init; }

    public string? ErrorType { get; init; }

    public TokenUsage Usage { get; init; }

    /// <summary>Dollars; never negative.</summary>
    public decimal Cost { get; init; }

    /// <summary>The provider stated no usage.</summary>
    public bool IsEstimated { get; init; }

    /// <summary>No price is known for the model.</summary>
    public bool IsUnpriced { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public required DateTimeOffset EndedAt { get; init; }

    public DateTimeOffset? FirstTokenAt { get; init; }

    public IReadOnlyList<string> Tags { get; init; } = [];

    public string? SessionId { get; init; }

    public string? RequesterIp { get; init; }

    public int Attempts { get; init; }

    /// <summary>What the provider keeps of this call, by the ids that it gave.</summary>
    public IReadOnlyList<Resource> Resources { get; init; } = [];

    /// <summary>What this call settles the cost of.</summary>
    public Resource? Settled { get; init; }
}
