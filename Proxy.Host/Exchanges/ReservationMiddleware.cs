using System.Globalization;
using Proxy.Host.Recording;
using Proxy.Host.Requests;
using Proxy.Management.Budgets;
using Proxy.Management.Errors;
using Proxy.Management.Limits;

namespace Proxy.Host.Exchanges;

/// <summary>Holds what the call may cost in the budgets and limits of all its scopes, or refuses it.</summary>
/// <remarks>The recorder settles what is held in the commit of the call; whatever ended otherwise gives it back here.</remarks>
internal sealed class ReservationMiddleware(RequestDelegate next, Cashier cashier)
{
    public async Task InvokeAsync(HttpContext context)
    {
        var exchange = context.Exchange;
        if (await ReserveAsync(context, exchange) is { } error) exchange.Refuse(error);
        else await next(context);
    }

    private async ValueTask<ProxyError?> ReserveAsync(HttpContext context, Exchange exchange)
    {
        var caller = exchange.Caller!;
        var asked = exchange.Request!.Metadata.Tags;
        if (SteeringHeaders.Read(context.Request.Headers, exchange.Request) is { } fault) return fault;
        foreach (var tag in caller.Tags)
        {
            // However many the client states: their budgets must not be got round.
            if (!asked.Contains(tag)) asked.Add(tag);
        }

        var (cost, tokens) = Estimate.Of(exchange, exchange.Target!);
        exchange.EstimatedTokens = tokens;
        if (cost is null && exchange.Settings.RefusesUnpriced) return ExchangeErrors.Unpriced(exchange.Request.Model);

        var (reservation, error) = await cashier.ReserveAsync(
            caller,
            new CallEstimate(exchange.Request.Model, cost ?? 0, tokens, exchange.Request.User, asked) { Patience = exchange.Request.Routing.Timeout },
            exchange.ClientLeft);

        exchange.Reservation = reservation;
        ShowKey(context.Response, exchange);
        if (reservation is not null && (reservation.Requests.Limit is not null || reservation.TokenRate.Limit is not null))
            context.Response.OnStarting(ShowRates, (context.Response, reservation));
        return error;
    }

    private static void ShowKey(HttpResponse response, Exchange exchange)
    {
        if (exchange.Caller?.Key is not { } key) return;

        var headers = response.Headers;
        headers["x-litellm-key-spend"] = Dollars(key.Spend);
        if (key.Current.Limits.MaxBudget is { } budget) headers["x-litellm-key-max-budget"] = Dollars(budget);
        if (key.Current.Limits.TpmLimit is { } tpm) headers["x-litellm-key-tpm-limit"] = Number(tpm);
        if (key.Current.Limits.RpmLimit is { } rpm) headers["x-litellm-key-rpm-limit"] = Number(rpm);
    }

    /// <summary>At the very start of the answer, since the provider's own headers of these names are about the gateway's account.</summary>
    private static Task ShowRates(object state)
    {
        var (response, reservation) = ((HttpResponse, Reservation))state;
        Show(response, "requests", reservation.Requests);
        Show(response, "tokens", reservation.TokenRate);
        return Task.CompletedTask;
    }

    private static void Show(HttpResponse response, string kind, in RateStanding standing)
    {
        if (standing.Limit is not { } limit) return;

        response.Headers[$"x-ratelimit-limit-{kind}"] = Number(limit);
        response.Headers[$"x-ratelimit-remaining-{kind}"] = Number(standing.Remaining);
        response.Headers[$"x-ratelimit-reset-{kind}"] = standing.ResetSeconds.ToString("0.###s", CultureInfo.InvariantCulture);
    }

    private static string Dollars(decimal amount) => amount.ToString("0.############", CultureInfo.InvariantCulture);

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
