using Proxy.Host.Exchanges;
using Proxy.Host.Models;
using Proxy.Host.Recording;

namespace Proxy.Host.Failover;

/// <summary>What the next attempt of a call is to be.</summary>
/// <param name="Delay">How long to wait first; null is the usual, which grows from one attempt to the next.</param>
internal sealed record AttemptStep(ModelMatch Target, TimeSpan? Delay);

/// <summary>Decides what follows a failed attempt: another destination, the same one after a while, another model, or nothing.</summary>
internal sealed class FailoverPlan(Exchange exchange)
{
    /// <summary>A provider that wants to be left alone for longer is not waited for.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(10);

    private readonly List<string> _waiting = [];
    private readonly HashSet<FailureKind> _used = [];
    private int _retriesLeft = RetriesOf(exchange, exchange.Target!.Cluster);

    /// <param name="hasOthers">Whether the cluster has destinations that this call has not tried.</param>
    /// <returns>Null when it is over.</returns>
    public AttemptStep? Next(AttemptFailure failure, bool hasOthers)
    {
        if (failure.Kind == FailureKind.ClientFault) return null;
        if (Retry(failure, hasOthers) is { } retry) return retry;
        if (exchange.Request!.Routing.AreFallbacksDisabled) return null;

        Enlist(failure.Kind);
        while (_waiting.Count > 0 && exchange.Fallbacks < exchange.Settings.Routing.MaxFallbacks)
        {
            var model = _waiting[0];
            _waiting.RemoveAt(0);
            if (Find(model) is not { } match || !Fits(match)) continue;

            exchange.Fallbacks++;
            _retriesLeft = RetriesOf(exchange, match.Cluster);
            return new AttemptStep(match, TimeSpan.Zero);
        }

        return null;
    }

    private AttemptStep? Retry(AttemptFailure failure, bool hasOthers)
    {
        // Nothing was sent, so nothing is repeated.
        if (failure.Kind is FailureKind.Untranslatable or FailureKind.Full && hasOthers) return new AttemptStep(exchange.Target!, TimeSpan.Zero);
        if (_retriesLeft == 0 || failure.Kind is not (FailureKind.Transient or FailureKind.Misplaced)) return null;
        if (!hasOthers && (failure.Kind == FailureKind.Misplaced || failure.RetryAfter > LongestWait)) return null;
        if (!HoldsAnother()) return null;

        _retriesLeft--;
        exchange.Retries++;
        return new AttemptStep(exchange.Target!, hasOthers ? TimeSpan.Zero : failure.RetryAfter);
    }

    /// <summary>Each list is taken once, when it is first needed. One for the kind of the failure goes before what waits already.</summary>
    private void Enlist(FailureKind kind)
    {
        var general = kind is FailureKind.ContextWindow or FailureKind.ContentPolicy ? kind : FailureKind.Transient;
        if (_used.Add(general)) _waiting.InsertRange(0, ListOf(general));
    }

    private IReadOnlyList<string> ListOf(FailureKind kind)
    {
        var asked = exchange.Request!.Routing;
        var own = exchange.Target!.Cluster.Fallbacks;
        if (kind == FailureKind.ContextWindow) return asked.ContextWindowFallbacks ?? own.ContextWindow;
        if (kind == FailureKind.ContentPolicy) return asked.ContentPolicyFallbacks ?? own.ContentPolicy;
        return asked.Fallbacks ?? [.. own.General, .. exchange.Settings.DefaultFallbacks];
    }

    /// <summary>Whoever calls must be allowed the model, also where the operator named it.</summary>
    private ModelMatch? Find(string model) =>
        exchange.Settings.Models.Find(model) is { } match
        && exchange.Caller!.FindModelRefusal(model, exchange.Settings.AccessGroups.Of(match.Cluster.Id)) is null
        && match.Cluster != exchange.Target!.Cluster
        && match.Cluster.Serves(exchange.Operation!)
            ? match
            : null;

    /// <summary>From here on the call holds what it may cost there; a dearer model that does not fit its budgets is passed over.</summary>
    private bool Fits(ModelMatch match)
    {
        var (cost, _) = Estimate.Of(exchange, match);
        if (cost is null && exchange.Settings.RefusesUnpriced) return false;

        var given = GivenUpPrompts.CostOf(exchange, Estimate.Prompt(exchange));
        return exchange.Reservation?.TryMove(exchange.Caller!, match.Names, (cost ?? 0) + given) != false;
    }

    /// <summary>The prompt of an attempt that was given up is paid for, so another attempt is held for besides.</summary>
    private bool HoldsAnother()
    {
        if (exchange is not { Attempt: { WasGivenUp: true } last, Reservation: { } reservation }) return true;

        var prompt = Estimate.Prompt(exchange);
        return reservation.TryAddPrompt(GivenUpPrompts.CostOf(exchange, last, prompt) ?? 0, prompt.Total);
    }

    private static int RetriesOf(Exchange exchange, ModelCluster cluster) =>
        exchange.Request!.Routing.Retries ?? cluster.Retries ?? exchange.Settings.Routing.Retries;
}
