using Proxy.Host.Recording;
using Proxy.Host.Requests;
using Proxy.Management.Access;
using Proxy.Management.Budgets;
using Proxy.Management.Errors;

namespace Proxy.Host.Exchanges;

/// <summary>Holds what the call may cost in the budgets and limits of all its scopes, or refuses it.</summary>
/// <remarks>The recorder settles what is held in the commit of the call; whatever ended otherwise gives it back here.</remarks>
internal sealed class ReservationMiddleware(RequestDelegate next, Cashier cashier, Authenticator authenticator)
{
    public Task InvokeAsync(HttpContext context)
    {
        var exchange = context.Exchange;
        return ReserveAsync(context, exchange).FollowAsync(context, exchange, next);
    }

    private async ValueTask<ProxyError?> ReserveAsync(HttpContext context, Exchange exchange)
    {
        var caller = exchange.Caller!;
        var asked = exchange.Request!.Metadata;
        if (SteeringHeaders.Read(context.Request.Headers, exchange.Request) is { } fault) return fault;
        foreach (var tag in caller.Tags)
        {
            // However many the client states: their budgets must not be got round.
            if (!asked.Tags.Contains(tag)) asked.TagsToFill.Add(tag);
        }

        var (cost, tokens) = Estimate.Of(exchange, exchange.Target!);
        exchange.EstimatedTokens = tokens;
        if (cost is null && exchange.Settings.RefusesUnpriced) return ExchangeErrors.Unpriced(exchange.Request.Model);

        var reserving = cashier.ReserveAsync(
            caller,
            new CallEstimate(exchange.Target!.Names, cost ?? 0, tokens, exchange.Request.User, asked.Tags) { Patience = exchange.Request.Routing.Timeout },
            exchange.ClientLeft);

        var hasWaited = !reserving.IsCompleted;
        (exchange.Reservation, var error) = await reserving;

        // Whoever was blocked while the call waited makes none.
        return error ?? (hasWaited ? authenticator.FindRefusal(caller) : null);
    }
}
