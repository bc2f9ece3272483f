using Proxy.Host.Exchanges;
using Proxy.Host.Recording;
using Proxy.Management.Access;
using Proxy.Management.Keys;

namespace Proxy.Host.Prometheus;

/// <summary>Whose calls, of what model. The key's hash is all that tells callers apart: its other labels are those of its row now.</summary>
/// <param name="Key">Null for the master key, and for nobody.</param>
/// <param name="IsKnown">False when nobody knows who called.</param>
/// <param name="Model">What the client asked for, once it is known to be a model.</param>
/// <param name="UpstreamModel">What the provider calls it.</param>
/// <param name="EndUser">Null unless customers are told apart.</param>
internal readonly record struct CallKey(KeyHash? Key, bool IsKnown, string? Model, string? UpstreamModel, string? EndUser);

/// <summary>How a call ended, and whose it was.</summary>
internal readonly record struct OutcomeKey(CallKey Call, string? Route, int Status, string? Error);

/// <summary>Calls of one caller and one model.</summary>
internal sealed class CallSeries
{
    private readonly Lock _lock = new();

    /// <summary>The caller of late, for the labels; null when it is not known, or when this holds what had no room.</summary>
    public Caller? Caller { get; private set; }

    public long LastAt { get; private set; }

    // Written under the lock, read without: a scrape may see one call half.
    public long Calls { get; private set; }

    public decimal Cost { get; private set; }

    public long InputTokens { get; private set; }

    public long OutputTokens { get; private set; }

    public Buckets Total { get; } = new(BucketScale.OfCalls);

    public Buckets Provider { get; } = new(BucketScale.OfCalls);

    public Buckets FirstToken { get; } = new(BucketScale.OfCalls);

    public Buckets Overhead { get; } = new(BucketScale.OfGateway);

    public void Count(Exchange exchange, in Bill bill)
    {
        var total = exchange.EndedAt - exchange.StartedAt;
        var provider = exchange.ProviderTime;
        lock (_lock)
        {
            Caller = exchange.Caller;
            LastAt = exchange.EndedAt.UtcTicks;
            Calls++;
            Cost += bill.Cost;
            InputTokens += bill.Usage.TotalInput;
            OutputTokens += bill.Usage.TotalOutput;
            Total.Add(total.TotalSeconds);
            if (exchange.Attempts.Count == 0) return;

            Provider.Add(provider.TotalSeconds);
            Overhead.Add((total - provider).TotalSeconds);
            if (exchange.Attempt is { FirstByteAt: { } first } attempt && exchange.Request!.IsStream) FirstToken.Add((first - attempt.StartedAt).TotalSeconds);
        }
    }
}

/// <summary>Calls of one caller that ended in one way.</summary>
internal sealed class OutcomeSeries
{
    private long _calls;

    public Caller? Caller { get; private set; }

    public long LastAt { get; private set; }

    public long Calls => Interlocked.Read(ref _calls);

    public void Count(Exchange exchange)
    {
        Caller = exchange.Caller;
        LastAt = exchange.EndedAt.UtcTicks;
        Interlocked.Increment(ref _calls);
    }
}
