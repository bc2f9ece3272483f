using Proxy.Host.Answers;
using Proxy.Host.Exchanges;
using Proxy.Host.Failover;
using Proxy.Host.Providers;
using Proxy.Management.Spend;

namespace Proxy.Host.Realtime;

/// <summary>Serves the sessions of the realtime API, which are no forwards of one body: they branch off here from the way of a call.</summary>
internal sealed class RealtimeMiddleware(RequestDelegate next, RealtimeDial dial, RealtimeServices services)
{
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(30);

    public Task InvokeAsync(HttpContext context) =>
        context.Exchange.Operation == ApiOperation.Realtime ? OpenAsync(context, context.Exchange) : next(context);

    private async Task OpenAsync(HttpContext context, Exchange exchange)
    {
        var limits = exchange.Cluster!.Timeouts;
        using var timer = new AttemptTimer(services.Time, limits.FirstByte, limits.Idle, Timeout.InfiniteTimeSpan, CancellationToken.None, exchange.Stopping);
        exchange.Timer = timer;
        using var provider = await dial.ConnectAsync(context, exchange, timer);
        if (provider is null)
        {
            exchange.Timer = null;
            return;
        }

        timer.Restart();
        exchange.Commit();
        exchange.Status = StatusCodes.Status101SwitchingProtocols;
        AnswerHead.Tell(context.Response, exchange);
        AnswerHead.TellDuration(context.Response, exchange, services.Time.GetUtcNow());
        using var client = await context.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext
        {
            // Never the one that holds the key.
            SubProtocol = context.WebSockets.WebSocketRequestedProtocols.Contains(RealtimeRequest.Protocol) ? RealtimeRequest.Protocol : null,
            KeepAliveInterval = KeepAlive,
            KeepAliveTimeout = KeepAlive,
        });

        using var turns = new RealtimeTurns(exchange, context.Request.Headers, services);
        using var transcripts = new RealtimeTranscripts(exchange, context.Request.Headers, services);
        using var session = new RealtimeSession(client, provider, exchange, timer, turns, transcripts, services.Time);
        await session.RunAsync();
        exchange.Attempt!.End(services.Time.GetUtcNow());
        dial.TellHealth(context, exchange);
        if (exchange.Outcome == SpendOutcome.Aborted) client.Abort();
    }
}
