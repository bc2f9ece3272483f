using System.Diagnostics;
using Microsoft.AspNetCore.Http.Features;
using Proxy.Host.Answers;
using Proxy.Host.Configuration;
using Proxy.Host.Hosting;
using Proxy.Host.Prometheus;
using Proxy.Host.Providers;
using Proxy.Host.Recording;
using Proxy.Management.Errors;
using Proxy.Management.Spend;

namespace Proxy.Host.Exchanges;

/// <summary>Opens the exchange; closes and records it, whatever happened; and writes the refusal, if that is what it came to.</summary>
internal sealed partial class ExchangeMiddleware(
    RequestDelegate next, SettingsSource settings, ExchangeRecorder recorder, CallFigures figures, ShutdownDrain drain, TimeProvider time, ILogger<ExchangeMiddleware> logger)
{
    private static readonly string Version = typeof(ExchangeMiddleware).Assembly.GetName().Version!.ToString(3);

    public async Task InvokeAsync(HttpContext context)
    {
        figures.Enter();
        try
        {
            await HandleAsync(context);
        }
        finally
        {
            figures.Leave();
        }
    }

    private async Task HandleAsync(HttpContext context)
    {
        var now = time.GetUtcNow();
        using var exchange = new Exchange(CallId.New(now), now, settings.Current, ApiOperation.Find(context.Request))
        {
            Requester = context.Connection.RemoteIpAddress,
            Activity = Activity.Current,
            ClientLeft = context.RequestAborted,
            Stopping = drain.Token,
        };
        context.Features.Set(exchange);
        Name(context.Response, exchange);

        try
        {
            await next(context);
        }
        catch (Exception) when (exchange.ClientLeft.IsCancellationRequested)
        {
            // Whatever was under way failed because the client left.
            exchange.Outcome = SpendOutcome.Aborted;
            ForgetTexts(exchange);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            LogFailed(exception, exchange.Id);
            exchange.Refuse(new ProxyError(500, ProxyError.InternalServerError, "The gateway failed to handle the call."), SpendOutcome.Failure);
            ForgetTexts(exchange);
        }

        if (!await recorder.TryCloseAsync(exchange)) exchange.Refuse(ExchangeErrors.LedgerUnavailable, SpendOutcome.Failure);
        if (exchange.Refusal is not null || exchange.ProviderRefusal is not null) await AnswerAsync(context, exchange);

        if (exchange.IsCut) await BrokenEnd.ThrowAsync(context, time);
    }

    /// <summary>They may stand in memory that was given back while the exception passed, and has another call's texts by now.</summary>
    private static void ForgetTexts(Exchange exchange) => exchange.Answer.Output = default;

    private async Task AnswerAsync(HttpContext context, Exchange exchange)
    {
        if (exchange.ClientLeft.IsCancellationRequested) return;
        if (context.Response.HasStarted)
        {
            // Part of a body cannot be taken back, and only a cut connection tells the client that it is part.
            context.Abort();
            return;
        }

        // YARP has set the provider's reason; ours follows from the status.
        context.Features.GetRequiredFeature<IHttpResponseFeature>().ReasonPhrase = null;
        Name(context.Response, exchange);
        if (exchange.Status == StatusCodes.Status405MethodNotAllowed) context.Response.Headers.Allow = exchange.Operation?.IsResource == true ? "GET, POST, DELETE" : HttpMethods.Post;
        AnswerHead.Tell(context.Response, exchange);
        AnswerHead.TellDuration(context.Response, exchange, exchange.EndedAt);
        await RefusalWriter.WriteAsync(context, exchange, time);
    }

    private static void Name(HttpResponse response, Exchange exchange)
    {
        response.Headers["x-litellm-call-id"] = exchange.Id.ToString();
        response.Headers["x-litellm-version"] = Version;
    }

    [LoggerMessage(LogLevel.Error, "Exchange {Id} failed.")]
    private partial void LogFailed(Exception exception, Guid id);
}
