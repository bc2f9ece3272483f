using Proxy.Host.Exchanges;
using Proxy.Logging;
using Proxy.Logging.Outbox;
using Proxy.Management.Errors;

namespace Proxy.Host.Recording;

/// <summary>What does the client want of its log, and is there room for it? A team may have chosen to make no call that is not logged whole.</summary>
internal sealed class LogWishMiddleware(RequestDelegate next, LogTargets targets, CompletionLog completions)
{
    private static readonly ProxyError OutboxFull = new(
        StatusCodes.Status503ServiceUnavailable, LogTargets.OutboxFullType, "The log of this team has no room left, and the team has chosen to make no calls then.")
    {
        RetryAfterSeconds = 30,
    };

    public Task InvokeAsync(HttpContext context)
    {
        var exchange = context.Exchange;
        exchange.LogWishes = LogWishes.Of(context.Request.Headers);
        if (completions.Pressure != OutboxPressure.Full || LogTargets.PolicyOf(exchange, targets.RulesOf(exchange)) != LimitPolicy.RefuseCalls) return next(context);

        exchange.Refuse(OutboxFull);
        return Task.CompletedTask;
    }
}
