using Proxy.Host.Exchanges;
using Proxy.Host.Failover;
using Proxy.Host.Providers;
using Proxy.Management.Prices;
using Proxy.Management.Spend;

namespace Proxy.Host.Recording;

/// <summary>The prompts of attempts that were given up before they answered. Their providers had them, and bill what they were asked.</summary>
internal static class GivenUpPrompts
{
    /// <summary>What a call costs that nobody answered: nothing where nobody was given up.</summary>
    public static Bill BillOf(Exchange exchange)
    {
        if (exchange.Operation is null or { IsCounting: true }) return default;

        var attempts = exchange.Attempts.FindAll(attempt => attempt.WasGivenUp);
        if (attempts.Count == 0) return default;

        var prompt = Estimate.Prompt(exchange);
        var costs = attempts.ConvertAll(attempt => CostOf(exchange, attempt, prompt));
        return new Bill(prompt, costs.Sum() ?? 0, 0, IsEstimated: true, IsUnpriced: costs.TrueForAll(cost => cost is null));
    }

    /// <summary>What they come to beside an answer, of which alone the tokens are told.</summary>
    /// <param name="exchange">The call.</param>
    /// <param name="prompt">As whoever answered counts it, or as it is estimated.</param>
    public static decimal CostOf(Exchange exchange, in TokenUsage prompt)
    {
        var cost = 0m;
        foreach (var attempt in exchange.Attempts)
        {
            if (attempt.WasGivenUp) cost += CostOf(exchange, attempt, prompt) ?? 0;
        }

        return cost;
    }

    /// <returns>Null when the attempt has no price.</returns>
    public static decimal? CostOf(Exchange exchange, Attempt attempt, TokenUsage prompt)
    {
        var (request, operation) = (exchange.Request!, exchange.Operation!);
        if (exchange.Settings.Prices.FindPrice(attempt.ModelId, attempt.UpstreamModel, exchange.Model) is not { } price) return null;

        if (operation == ApiOperation.Rerank && price.Has(PriceKind.Query)) prompt = new TokenUsage { Queries = 1 };
        if (price.Has(PriceKind.Character)) prompt = prompt with { Characters = Estimate.InputCharacters(request) };
        if (price.Has(PriceKind.Second)) prompt = prompt with { Seconds = request.HeardSeconds is > 0 and var heard ? heard : SecondsOf(attempt, exchange) };
        return price.CostOf(prompt, request.ServiceTier).Input;
    }

    /// <summary>The last attempt may be under way still when its call is recorded.</summary>
    private static decimal SecondsOf(Attempt attempt, Exchange exchange) =>
        (decimal)((attempt.EndedAt == default ? exchange.EndedAt : attempt.EndedAt) - attempt.StartedAt).TotalMilliseconds / 1000;
}
