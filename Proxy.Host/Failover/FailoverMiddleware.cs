using Proxy.Host.Balancing;
using Proxy.Host.Exchanges;
using Yarp.ReverseProxy;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Model;

namespace Proxy.Host.Failover;

/// <summary>
/// Attempts over the destinations of the model's cluster, then over its fallbacks, until one is committed. Each is a forward of its own, of
/// the same body. When none goes well, the client gets the cause that came first.
/// </summary>
internal sealed class FailoverMiddleware(RequestDelegate next, IProxyStateLookup clusters, DestinationChoice choice, DeploymentStats stats, TimeProvider time)
{
    private readonly AttemptBackoff _backoff = new(time);

    public async Task InvokeAsync(HttpContext context)
    {
        var run = new FailoverRun(context, time);
        try
        {
            if (await AttemptAsync(run, step: null) is { } next) await _backoff.GoOnAsync(next, step => AttemptAsync(run, step), run.Exchange.ClientLeft);
        }
        catch (OperationCanceledException) when (run.Exchange.ClientLeft.IsCancellationRequested)
        {
            // It left between two attempts.
        }

        run.Conclude();
    }

    /// <returns>The attempt that is to follow, or null when it is over.</returns>
    private async ValueTask<AttemptStep?> AttemptAsync(FailoverRun run, AttemptStep? step)
    {
        var exchange = run.Exchange;
        var context = run.Context;
        run.Begin(step);
        if (!clusters.TryGetCluster(exchange.Cluster!.Id, out var cluster)) return run.Failed(Unavailable(exchange), hasOthers: false);

        // With the route goes the cluster: health, counters and policies of YARP look for it there.
        var route = context.GetRouteModel();
        context.ReassignProxyRequest(new RouteModel(route.Config, cluster, route.Transformer), cluster);
        var feature = context.GetReverseProxyFeature();
        feature.AvailableDestinations = choice.Narrow(exchange, feature.AvailableDestinations, out var shortage);
        feature.ProxiedDestination = null;
        if (shortage is not null) return run.Failed(shortage, hasOthers: false);

        using (var timer = run.StartTimer())
        {
            try
            {
                await next(context);
            }
            catch (OperationCanceledException) when (timer.Token.IsCancellationRequested)
            {
                // Its end says why.
            }
            finally
            {
                run.StopTimer();
                if (exchange.Attempt?.Body is { } body) await body.CloseAsync();
            }

            if (exchange.Attempt is { } attempt && feature.ProxiedDestination is { } destination) stats.Observe(destination, attempt, DestinationFault.Is(exchange, attempt));

            if (exchange.IsCommitted || exchange.Refusal is not null || exchange.ClientLeft.IsCancellationRequested) return null;

            var failure = exchange.Attempt?.Failure ?? Unreached(context, timer);
            return run.Failed(failure, choice.HasUntried(exchange, cluster.DestinationsState.AvailableDestinations));
        }
    }

    /// <summary>What YARP could not do, in our words. Its own text may name hosts, so none of it reaches the client.</summary>
    private static AttemptFailure Unreached(HttpContext context, AttemptTimer timer)
    {
        var exchange = context.Exchange;
        if (exchange.Attempt is null) return Unavailable(exchange);

        var error = timer.Token.IsCancellationRequested
            ? ExchangeErrors.Of(timer.End, exchange)
            : ExchangeErrors.Of(context.GetForwarderErrorFeature()?.Error ?? ForwarderError.Request, exchange);
        return new AttemptFailure(FailureKind.Transient, error);
    }

    private static AttemptFailure Unavailable(Exchange exchange) =>
        new(FailureKind.Unavailable, ExchangeErrors.Of(ForwarderError.NoAvailableDestinations, exchange));
}
