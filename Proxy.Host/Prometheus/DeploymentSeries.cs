using Proxy.Host.Exchanges;
using Proxy.Host.Failover;
using Proxy.Host.Models;
using Proxy.Management.Spend;

namespace Proxy.Host.Prometheus;

/// <summary>One deployment, as one name of its model.</summary>
internal readonly record struct DeploymentKey(string? ModelId, string? UpstreamModel);

/// <summary>Why attempts at a deployment came to nothing.</summary>
internal readonly record struct FailureKey(DeploymentKey Deployment, int Status, string? Error);

/// <summary>From which model calls went on to which.</summary>
internal readonly record struct FallbackKey(string? Model, string? Fallback);

/// <summary>Attempts at one deployment.</summary>
internal sealed class DeploymentSeries
{
    private readonly Lock _lock = new();

    public Deployment? Deployment { get; private set; }

    public long LastAt { get; private set; }

    public long Attempts { get; private set; }

    public long Successes { get; private set; }

    public long Cooldowns { get; private set; }

    /// <summary>Whether the last attempt came to nothing.</summary>
    public bool HasFailed { get; private set; }

    public Buckets PerToken { get; } = new(BucketScale.OfGateway);

    public void Count(Exchange exchange, Attempt attempt, bool hasFailed)
    {
        lock (_lock)
        {
            Deployment = attempt.Deployment;
            LastAt = exchange.EndedAt.UtcTicks;
            Attempts++;
            HasFailed = hasFailed;
            if (hasFailed) return;

            Successes++;
            if (exchange.Outcome == SpendOutcome.Success && attempt.Answer.Usage?.TotalOutput is > 0 and var tokens)
                PerToken.Add(((attempt.LastByteAt ?? exchange.EndedAt) - attempt.StartedAt).TotalSeconds / tokens);
        }
    }

    public void CountCooldown()
    {
        lock (_lock) Cooldowns++;
    }
}

/// <summary>A number that only grows.</summary>
internal sealed class Tally
{
    private long _count;

    public long Count => Interlocked.Read(ref _count);

    public void Add() => Interlocked.Increment(ref _count);
}
