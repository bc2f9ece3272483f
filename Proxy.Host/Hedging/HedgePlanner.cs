using Proxy.Host.Balancing;
using Proxy.Host.Exchanges;
using Proxy.Host.Failover;
using Proxy.Host.Providers;
using Proxy.Host.Recording;
using Yarp.ReverseProxy.Model;

namespace Proxy.Host.Hedging;

/// <summary>Decides when a call gets a second attempt beside the first, and where.</summary>
internal sealed class HedgePlanner(
    AttemptDressing dressing,
    DestinationChoice choice,
    DeploymentStats stats,
    DestinationPick pick,
    PassiveHealth health,
    TimeProvider time)
{
    /// <returns>Null when the model is not hedged, the destination too little known, or no other is there.</returns>
    public Hedge? Plan(HttpContext context, Attempt first, DestinationState destination) =>
        first.Cluster.IsHedged
        && stats.Percentile95Of(destination) is { } delay
        && choice.HasUntried(context.Exchange, Available(context))
            ? new Hedge(this, context, first, destination, delay)
            : null;

    /// <summary>The second attempt, in room and budget of its own.</summary>
    /// <returns>Null when there is no place for it.</returns>
    public (Attempt Attempt, DestinationState Destination)? Begin(HttpContext context)
    {
        var exchange = context.Exchange;
        if (!choice.HasUntried(exchange, Available(context))) return null;

        var open = choice.Narrow(exchange, Available(context), out var shortage);
        if (shortage is not null || pick.From(context, context.GetReverseProxyFeature().Route.Cluster!, open) is not { } destination || !TryHold(exchange, destination)) return null;
        if (dressing.Begin(exchange, destination) is not { } attempt) return null;
        if (attempt.Failure is null) return (attempt, destination);

        attempt.End(time.GetUtcNow());
        return null;
    }

    /// <summary>What became of the attempt whose answer is not taken.</summary>
    public void Judge(HttpContext context, Attempt loser, DestinationState destination)
    {
        if (loser.Failure!.Kind == FailureKind.Outrun) stats.ObserveOutrun(destination, time.GetUtcNow() - loser.StartedAt);
        else ReportFailure(context, loser, destination);
        loser.End(time.GetUtcNow());
    }

    /// <summary>YARP asks its passive health of one destination alone, the one whose answer is taken.</summary>
    private void ReportFailure(HttpContext context, Attempt loser, DestinationState destination)
    {
        var exchange = context.Exchange;
        var taken = exchange.Attempt;
        exchange.Attempt = loser;
        health.Tell(context, context.GetReverseProxyFeature().Route.Cluster!, destination);
        exchange.Attempt = taken;
    }

    /// <summary>Both providers will have had the prompt. To the client's limits it is one call all the same.</summary>
    private static bool TryHold(Exchange exchange, DestinationState destination)
    {
        if (exchange.Reservation is not { } reservation || exchange.Cluster!.Deployments.GetValueOrDefault(destination.DestinationId) is not { } deployment) return true;

        var prompt = Estimate.Prompt(exchange);
        var price = exchange.Settings.Prices.FindPrice($"{exchange.Cluster.Id}/{destination.DestinationId}", deployment.UpstreamModel(exchange.Target!), exchange.Model);
        return reservation.TryAddPrompt(price?.CostOf(prompt, exchange.Request!.ServiceTier).Input ?? 0, prompt.Total);
    }

    private static IReadOnlyList<DestinationState> Available(HttpContext context) =>
        context.GetReverseProxyFeature().Route.Cluster!.DestinationsState.AvailableDestinations;
}
