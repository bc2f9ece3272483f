using Proxy.Host.Exchanges;
using Proxy.Host.Failover;
using Proxy.Host.Recording;
using Proxy.Management.Spend;

namespace Proxy.Host.Prometheus;

/// <summary>What calls came to, by the labels that dashboards know. Counting allocates nothing for a series that is there.</summary>
internal sealed class CallFigures
{
    private readonly bool _hasEndUsers;
    private int _open;

    public CallFigures(MetricsOptions options)
    {
        _hasEndUsers = options.EndUsers;
        Calls = new(options.MaxSeries, static _ => new CallSeries());
        Outcomes = new(options.MaxSeries, static _ => new OutcomeSeries());
        Deployments = new(options.MaxSeries, static _ => new DeploymentSeries());
        Failures = new(options.MaxSeries, static _ => new Tally());
        Fallbacks = new(options.MaxSeries, static _ => new Tally());
        FailedFallbacks = new(options.MaxSeries, static _ => new Tally());
    }

    public SeriesTable<CallKey, CallSeries> Calls { get; }

    public SeriesTable<OutcomeKey, OutcomeSeries> Outcomes { get; }

    public SeriesTable<DeploymentKey, DeploymentSeries> Deployments { get; }

    public SeriesTable<FailureKey, Tally> Failures { get; }

    public SeriesTable<FallbackKey, Tally> Fallbacks { get; }

    public SeriesTable<FallbackKey, Tally> FailedFallbacks { get; }

    /// <summary>Calls under way.</summary>
    public int Open => Volatile.Read(ref _open);

    public void Enter() => Interlocked.Increment(ref _open);

    public void Leave() => Interlocked.Decrement(ref _open);

    /// <summary>A closed call. A name that is no model is none of ours to repeat: it is any text of a client's.</summary>
    public void Count(Exchange exchange, in Bill bill)
    {
        var caller = exchange.Caller;
        var model = exchange.Target is null ? null : exchange.Model;
        var key = new CallKey(caller?.KeyHash, caller is not null, model, exchange.Attempt?.UpstreamModel, _hasEndUsers ? exchange.Request?.User : null);
        Calls.Of(key).Count(exchange, bill);
        Outcomes.Of(new OutcomeKey(key with { UpstreamModel = null }, exchange.Operation?.Path, exchange.Status, ErrorOf(exchange))).Count(exchange);

        foreach (var attempt in exchange.Attempts) Count(exchange, attempt);
        if (exchange.Fallbacks > 0 && exchange.Cluster is { } cluster)
            (exchange.Outcome == SpendOutcome.Success ? Fallbacks : FailedFallbacks).Of(new FallbackKey(model, cluster.Id)).Add();
    }

    public void CountCooldown(Attempt attempt) => Deployments.Of(KeyOf(attempt)).CountCooldown();

    private void Count(Exchange exchange, Attempt attempt)
    {
        var hasFailed = attempt.Failure is not null || exchange.Outcome is SpendOutcome.Failure or SpendOutcome.Incomplete;
        var key = KeyOf(attempt);
        Deployments.Of(key).Count(exchange, attempt, hasFailed);
        if (hasFailed) Failures.Of(new FailureKey(key, attempt.Failure?.Status ?? exchange.Status, attempt.Failure?.Error.Type ?? exchange.Failure?.Type)).Add();
    }

    private static string? ErrorOf(Exchange exchange) => exchange.Outcome == SpendOutcome.Success ? null : exchange.Failure?.Type ?? exchange.Outcome.ToString();

    private static DeploymentKey KeyOf(Attempt attempt) => new(attempt.ModelId, attempt.UpstreamModel);
}
