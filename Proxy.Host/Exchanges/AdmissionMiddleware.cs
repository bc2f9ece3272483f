using Proxy.Host.Providers;
using Proxy.Management.Access;
using Proxy.Management.Errors;
using Proxy.Management.Spend;

namespace Proxy.Host.Exchanges;

/// <summary>Who is calling, and may they? Nothing is read of the body before that is known.</summary>
internal sealed class AdmissionMiddleware(RequestDelegate next, Authenticator authenticator, SpendLedger ledger)
{
    public Task InvokeAsync(HttpContext context)
    {
        var exchange = context.Exchange;
        return AdmitAsync(context, exchange).FollowAsync(context, exchange, next);
    }

    private async ValueTask<ProxyError?> AdmitAsync(HttpContext context, Exchange exchange)
    {
        TakeKeyOfQuery(context.Request, exchange);
        var authentication = await authenticator.AuthenticateAsync(context.Request.Headers, context.RequestAborted);
        exchange.Caller = authentication.Caller;

        // A path that is no operation is refused later, as such.
        return authentication.Error
            ?? authentication.Caller?.FindRouteRefusal(exchange.Operation?.Path ?? "", RouteKind.Call)
            ?? (ledger.IsWritable ? null : ExchangeErrors.LedgerUnavailable);
    }

    /// <summary>Google's own clients may put the key into the address. Nobody else may: addresses are logged on the way.</summary>
    private static void TakeKeyOfQuery(HttpRequest request, Exchange exchange)
    {
        if (exchange.Operation?.Api == ClientApi.Gemini && request.Query.TryGetValue("key", out var key)) request.Headers.TryAdd("x-goog-api-key", key);
    }
}
