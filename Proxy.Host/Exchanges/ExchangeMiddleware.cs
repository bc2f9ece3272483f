using System.Diagnostics;
using Microsoft.AspNetCore.Http.Features;
using Proxy.Host.Configuration;
using Proxy.Host.Providers;
using Proxy.Host.Recording;
using Proxy.Management.Errors;
using Proxy.Management.Spend;
using Yarp.ReverseProxy.Forwarder;

namespace Proxy.Host.Exchanges;

/// <summary>Opens the exchange; closes and records it, whatever happened; and writes the refusal, if that is what it came to.</summary>
internal sealed partial class ExchangeMiddleware(
    RequestDelegate next, SettingsSource settings, ExchangeRecorder recorder, TimeProvider time, ILogger<ExchangeMiddleware> logger)
{
    private const string CallIdHeader = "x-litellm-call-id";

    public async Task InvokeAsync(HttpContext context)
    {
        var now = time.GetUtcNow();
        using var exchange = new Exchange(Guid.CreateVersion7(now), now, settings.Current, ApiOperation.Find(context.Request))
        {
            Requester = context.Connection.RemoteIpAddress,
            Activity = Activity.Current,
        };
        context.Features.Set(exchange);
        context.Response.Headers[CallIdHeader] = exchange.Id.ToString();

        try
        {
            await next(context);
            if (!exchange.IsClosed && exchange.Refusal is null) ReadForwarderError(context, exchange);
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            // Whatever was under way failed because the client left.
            exchange.Outcome = SpendOutcome.Aborted;
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            LogFailed(exception, exchange.Id);
            exchange.Refuse(new ProxyError(500, ProxyError.InternalServerError, "The gateway failed to handle the call."), SpendOutcome.Failure);
        }

        if (!await recorder.TryCloseAsync(exchange)) exchange.Refuse(ExchangeErrors.LedgerUnavailable, SpendOutcome.Failure);
        if (exchange.Refusal is { } refusal) await AnswerAsync(context, exchange, refusal);
    }

    private static async Task AnswerAsync(HttpContext context, Exchange exchange, ProxyError refusal)
    {
        if (context.RequestAborted.IsCancellationRequested) return;
        if (context.Response.HasStarted)
        {
            // Part of a body cannot be taken back, and only a cut connection tells the client that it is part.
            context.Abort();
            return;
        }

        // YARP has set the provider's; ours follows from the status.
        context.Features.GetRequiredFeature<IHttpResponseFeature>().ReasonPhrase = null;
        context.Response.Headers[CallIdHeader] = exchange.Id.ToString();
        if (refusal.Status == StatusCodes.Status405MethodNotAllowed) context.Response.Headers.Allow = HttpMethods.Post;
        try
        {
            await ErrorWriter.WriteAsync(context, refusal);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client left before it was told; the call is recorded.
        }
    }

    /// <summary>What YARP could not do, in our words. Its own text may name hosts, so none of it reaches the client.</summary>
    private static void ReadForwarderError(HttpContext context, Exchange exchange)
    {
        var failure = context.GetForwarderErrorFeature();
        if (context.RequestAborted.IsCancellationRequested) exchange.Outcome = SpendOutcome.Aborted;
        else exchange.Refuse(ExchangeErrors.Of(failure?.Error ?? ForwarderError.Request, exchange), SpendOutcome.Failure);
    }

    [LoggerMessage(LogLevel.Error, "Exchange {Id} failed.")]
    private partial void LogFailed(Exception exception, Guid id);
}
