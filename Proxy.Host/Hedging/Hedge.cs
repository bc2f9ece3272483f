using Proxy.Host.Exchanges;
using Proxy.Host.Failover;
using Proxy.Host.Providers;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Model;

namespace Proxy.Host.Hedging;

/// <summary>The second chance of one attempt. Two answers race to their first byte, before either is seen by anybody; one is taken.</summary>
internal sealed class Hedge(HedgePlanner planner, HttpContext context, Attempt first, DestinationState destination, TimeSpan delay)
{
    /// <summary>Under which it travels with the request.</summary>
    public static readonly HttpRequestOptionsKey<Hedge> Key = new("proxy.hedge");

    private (Attempt Attempt, DestinationState Destination)? _second;

    /// <summary>How long the first is waited for alone: 19 of 20 answer within that.</summary>
    public TimeSpan Delay => delay;

    /// <returns>The request of the second attempt; null when there is to be none.</returns>
    public HttpRequestMessage? Begin(HttpRequestMessage like)
    {
        var exchange = context.Exchange;
        if (exchange.ClientLeft.IsCancellationRequested || planner.Begin(context) is not var (attempt, place)) return null;

        var message = new HttpRequestMessage(like.Method, (Uri?)null) { Version = like.Version, VersionPolicy = like.VersionPolicy };
        if (!AttemptDressing.TryDress(attempt, exchange, message, context.Request.Headers))
        {
            planner.Judge(context, attempt, place);
            return null;
        }

        _second = (attempt, place);
        return message;
    }

    /// <summary>Makes the exchange that of the answer that is taken, and the other attempt a failed one.</summary>
    /// <param name="isSecond">Whether the second one is taken.</param>
    /// <param name="other">The other answer, which is over.</param>
    public ValueTask TakeAsync(bool isSecond, HedgeLane other)
    {
        var exchange = context.Exchange;
        var second = _second!.Value;
        var (loser, place) = isSecond ? (first, destination) : second;
        loser.Fail(FailureOf(exchange, other));
        exchange.Attempt = isSecond ? second.Attempt : first;
        if (isSecond) context.GetReverseProxyFeature().ProxiedDestination = second.Destination;
        planner.Judge(context, loser, place);

        // The memory of its body goes back to the pool with the call.
        return loser.Body?.CloseAsync() ?? default;
    }

    private static AttemptFailure FailureOf(Exchange exchange, HedgeLane lane)
    {
        if (lane.WasGivenUp) return new AttemptFailure(FailureKind.Outrun, ExchangeErrors.Outrun);
        if (lane.Status is { } status)
        {
            var kind = status is 401 or 403 or 404 ? FailureKind.Misplaced : status is 408 or 409 or 429 or >= 500 or < 400 ? FailureKind.Transient : FailureKind.ClientFault;
            return new AttemptFailure(kind, ExchangeErrors.NoAnswer(status)) { Status = status, RetryAfter = lane.RetryAfter };
        }

        return new AttemptFailure(FailureKind.Transient, exchange.Timer!.Token.IsCancellationRequested
            ? ExchangeErrors.Of(exchange.Timer.End, exchange)
            : ExchangeErrors.Of(ForwarderError.Request, exchange));
    }
}
