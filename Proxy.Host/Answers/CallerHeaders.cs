using System.Globalization;
using Proxy.Host.Exchanges;
using Proxy.Management.Limits;

namespace Proxy.Host.Answers;

/// <summary>Tells a client what its key has spent and may still use. Over what a provider says under these names, which is about the gateway's account.</summary>
internal static class CallerHeaders
{
    public static void Show(HttpResponse response, Exchange exchange)
    {
        // Before that nothing was asked of any budget.
        if (exchange.Request is null) return;

        if (exchange.Caller?.Key is { } key)
        {
            var headers = response.Headers;
            var limits = key.Current.Limits;
            headers["x-litellm-key-spend"] = Dollars(key.Spend);
            if (limits.MaxBudget is { } budget) headers["x-litellm-key-max-budget"] = Dollars(budget);
            if (limits.TpmLimit is { } tpm) headers["x-litellm-key-tpm-limit"] = Number(tpm);
            if (limits.RpmLimit is { } rpm) headers["x-litellm-key-rpm-limit"] = Number(rpm);
        }

        if (exchange.Reservation is not { } reservation) return;

        Show(response.Headers, reservation.Requests, "x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests");
        Show(response.Headers, reservation.TokenRate, "x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens");
    }

    private static void Show(IHeaderDictionary headers, in RateStanding standing, string ofLimit, string ofRest, string ofReset)
    {
        if (standing.Limit is not { } limit) return;

        headers[ofLimit] = Number(limit);
        headers[ofRest] = Number(standing.Remaining);
        headers[ofReset] = standing.ResetSeconds.ToString("0.###s", CultureInfo.InvariantCulture);
    }

    private static string Dollars(decimal amount) => amount.ToString("0.############", CultureInfo.InvariantCulture);

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
