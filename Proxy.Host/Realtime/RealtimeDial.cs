using System.Net.WebSockets;
using Proxy.Host.Answers;
using Proxy.Host.Balancing;
using Proxy.Host.Exchanges;
using Proxy.Host.Failover;
using Proxy.Host.Models;
using Proxy.Host.Providers;
using Yarp.ReverseProxy;
using Yarp.ReverseProxy.Forwarder;

namespace Proxy.Host.Realtime;

/// <summary>Opens the provider's side of a session: at the destinations of its model, one after another, until one takes it.</summary>
internal sealed class RealtimeDial(
    IProxyStateLookup clusters, DestinationChoice choice, DestinationPick pick, AttemptDressing dressing, PassiveHealth health, TimeProvider time)
{
    private const string BetaProtocol = "openai-beta.realtime-v1";
    private const string BetaHeader = "OpenAI-Beta";
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(30);

    /// <returns>Null when none took it; the exchange then says why.</returns>
    public async Task<WebSocket?> ConnectAsync(HttpContext context, Exchange exchange, AttemptTimer timer)
    {
        (Attempt? Attempt, AttemptFailure Failure)? first = null;
        for (var left = 1 + (exchange.Cluster!.Retries ?? exchange.Settings.Routing.Retries); left > 0; left--)
        {
            if (!clusters.TryGetCluster(exchange.Cluster.Id, out var cluster)) break;

            var open = choice.Narrow(exchange, cluster.DestinationsState.AvailableDestinations, out var shortage);
            if (shortage is not null) first ??= (null, shortage);
            if (pick.From(context, cluster, open) is not { } destination || exchange.Attempts.Exists(attempt => attempt.DestinationId == destination.DestinationId)) break;

            if (dressing.Begin(exchange, destination) is not { } attempt) break;

            exchange.Attempt = attempt;
            if (attempt.Failure is null && await ConnectAsync(context, attempt, cluster.Model.HttpClient) is { } socket) return socket;

            attempt.End(time.GetUtcNow());
            TellHealth(context, exchange);
            first ??= (attempt, attempt.Failure!);
            if (exchange.ClientLeft.IsCancellationRequested || timer.Token.IsCancellationRequested) break;
            if (left > 1) exchange.Retries++;
        }

        var (failed, failure) = first ?? (null, new AttemptFailure(FailureKind.Unavailable, ExchangeErrors.Of(ForwarderError.NoAvailableDestinations, exchange)));
        exchange.GiveUp(failed, failure);
        return null;
    }

    /// <summary>Whether the destination served the session, or did not take it.</summary>
    public void TellHealth(HttpContext context, Exchange exchange)
    {
        if (exchange.Stopping.IsCancellationRequested || !clusters.TryGetCluster(exchange.Cluster!.Id, out var cluster)) return;
        if (cluster.Destinations.TryGetValue(exchange.Attempt!.DestinationId, out var destination)) health.Tell(context, cluster, destination);
    }

    private static async Task<WebSocket?> ConnectAsync(HttpContext context, Attempt attempt, HttpMessageInvoker http)
    {
        var socket = new ClientWebSocket();
        Dress(socket.Options, context, attempt.Deployment);
        try
        {
            await socket.ConnectAsync(attempt.Deployment.Dialect.SessionOf(attempt.Deployment, attempt.UpstreamModel), http, attempt.Timer.Token);
            return socket;
        }
        catch (Exception exception) when (AnswerEnds.IsOfConnection(exception) || exception is WebSocketException)
        {
            attempt.Fail(FailureOf(context.Exchange, attempt, (int)socket.HttpStatusCode));
            socket.Dispose();
            return null;
        }
    }

    private static void Dress(ClientWebSocketOptions options, HttpContext context, Deployment deployment)
    {
        options.KeepAliveInterval = options.KeepAliveTimeout = KeepAlive;
        options.CollectHttpResponseDetails = true;
        using var dressed = new HttpRequestMessage();
        deployment.Dialect.Dress(dressed.Headers, deployment, ApiOperation.Realtime, context.Request.Headers);
        var offered = context.WebSockets.WebSocketRequestedProtocols;
        if (offered.Contains(BetaProtocol) && !dressed.Headers.Contains(BetaHeader)) dressed.Headers.TryAddWithoutValidation(BetaHeader, "realtime=v1");
        if (offered.Contains(RealtimeRequest.Protocol)) options.AddSubProtocol(RealtimeRequest.Protocol);
        foreach (var (name, values) in dressed.Headers.NonValidated) options.SetRequestHeader(name, values.ToString());
    }

    private static AttemptFailure FailureOf(Exchange exchange, Attempt attempt, int status) => status switch
    {
        0 => new AttemptFailure(FailureKind.Transient, attempt.Timer.Token.IsCancellationRequested
            ? ExchangeErrors.Of(attempt.Timer.End, exchange)
            : ExchangeErrors.Of(ForwarderError.Request, exchange)),
        401 or 403 => new AttemptFailure(FailureKind.Misplaced, ExchangeErrors.ProviderRefusesCredential) { Status = status },
        _ => new AttemptFailure(FailureKind.Transient, ExchangeErrors.NoAnswer(status)) { Status = status },
    };
}
