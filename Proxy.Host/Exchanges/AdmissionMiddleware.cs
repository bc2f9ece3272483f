using Proxy.Host.Providers;
using Proxy.Management.Access;
using Proxy.Management.Spend;

namespace Proxy.Host.Exchanges;

/// <summary>Who is calling, and may they? Nothing is read of the body before that is known.</summary>
internal sealed class AdmissionMiddleware(RequestDelegate next, Authenticator authenticator, SpendLedger ledger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        var exchange = context.Exchange;
        TakeKeyOfQuery(context.Request, exchange);
        var authentication = await authenticator.AuthenticateAsync(context.Request.Headers, context.RequestAborted);
        exchange.Caller = authentication.Caller;

        // A path that is no operation is refused later, as such.
        var refusal = authentication.Error ?? authentication.Caller?.FindRouteRefusal(exchange.Operation?.Path ?? "", RouteKind.Call);
        if (refusal is { } error) exchange.Refuse(error);
        else if (!ledger.IsWritable) exchange.Refuse(ExchangeErrors.LedgerUnavailable);
        else await next(context);
    }

    /// <summary>Google's own clients may put the key into the address. Nobody else may: addresses are logged on the way.</summary>
    private static void TakeKeyOfQuery(HttpRequest request, Exchange exchange)
    {
        if (exchange.Operation?.Api == ClientApi.Gemini && request.Query.TryGetValue("key", out var key)) request.Headers.TryAdd("x-goog-api-key", key);
    }
}
