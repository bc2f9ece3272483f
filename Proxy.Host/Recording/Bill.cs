using Proxy.Host.Exchanges;
using Proxy.Host.Providers;
using Proxy.Management.Spend;

namespace Proxy.Host.Recording;

/// <summary>What a call used and what that costs, in US dollars.</summary>
internal readonly record struct Bill(TokenUsage Usage, decimal InputCost, decimal OutputCost, bool IsEstimated, bool IsUnpriced)
{
    public decimal Cost => InputCost + OutputCost;

    public static Bill Of(Exchange exchange)
    {
        var usage = exchange.Answer.Usage;
        var isEstimated = false;
        if (usage is null && WasServed(exchange))
        {
            usage = EstimateOf(exchange);
            isEstimated = true;
        }

        if (usage is not { } tokens || tokens.Total == 0) return default;

        // What we asked the provider for is what it charges; the client's name is the last resort.
        var attempt = exchange.Attempt!;
        var price = exchange.Settings.Prices.FindPrice(
            attempt.ModelId, attempt.UpstreamModel, exchange.Answer.Model, exchange.Model);
        if (price is null) return new Bill(tokens, 0, 0, isEstimated, IsUnpriced: true);

        var (input, output) = price.CostOf(tokens, exchange.Answer.ServiceTier ?? exchange.Request!.ServiceTier);
        return new Bill(tokens, input, output, isEstimated, IsUnpriced: false);
    }

    /// <summary>A refusal costs nothing, here or there; an answer that began does, also when it broke or nobody waited for its end.</summary>
    private static bool WasServed(Exchange exchange) =>
        exchange.FirstByteAt is not null
        && (exchange.Outcome is SpendOutcome.Success or SpendOutcome.Aborted or SpendOutcome.Incomplete || exchange.Answer.OutputBytes > 0);

    private static TokenUsage EstimateOf(Exchange exchange)
    {
        var input = Estimate.Tokens(Estimate.InputBytes(exchange.Request!));
        var output = Estimate.Tokens(exchange.Answer.OutputBytes);
        var heard = Estimate.HeardTokens(exchange);
        return exchange.Operation == ApiOperation.Speech
            ? new TokenUsage(input, 0, 0, 0, 0) { AudioOutput = output }
            : new TokenUsage(input, 0, 0, output, 0) { AudioInput = heard };
    }
}
