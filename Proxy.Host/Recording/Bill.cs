using Proxy.Host.Exchanges;
using Proxy.Host.Requests;
using Proxy.Management.Spend;

namespace Proxy.Host.Recording;

/// <summary>What a call used and what that costs, in US dollars.</summary>
internal readonly record struct Bill(TokenUsage Usage, decimal InputCost, decimal OutputCost, bool IsEstimated, bool IsUnpriced)
{
    /// <summary>The usual length of a token, where the provider does not count for us.</summary>
    private const int BytesPerToken = 4;

    public decimal Cost => InputCost + OutputCost;

    public static Bill Of(Exchange exchange)
    {
        var usage = exchange.Answer.Usage;
        var isEstimated = false;
        if (usage is null && WasServed(exchange))
        {
            usage = Estimate(exchange);
            isEstimated = true;
        }

        if (usage is not { } tokens || tokens.Total == 0) return default;

        // What we asked the provider for is what it charges; the client's name is the last resort.
        var price = exchange.Settings.Prices.FindPrice(exchange.Attempt!.UpstreamModel, exchange.Answer.Model, exchange.Model);
        if (price is null) return new Bill(tokens, 0, 0, isEstimated, IsUnpriced: true);

        var (input, output) = price.CostOf(tokens);
        return new Bill(tokens, input, output, isEstimated, IsUnpriced: false);
    }

    /// <summary>A refusal costs nothing, here or there; an answer that began does, also when it broke or nobody waited for its end.</summary>
    private static bool WasServed(Exchange exchange) =>
        exchange.FirstByteAt is not null
        && (exchange.Outcome is SpendOutcome.Success or SpendOutcome.Aborted or SpendOutcome.Incomplete || exchange.Answer.OutputBytes > 0);

    private static TokenUsage Estimate(Exchange exchange)
    {
        long asked = 0;
        foreach (var field in exchange.Request!.Fields)
        {
            if (field.Kind == FieldKind.Input) asked += field.ValueEnd - field.ValueStart;
        }

        return new TokenUsage(Tokens(asked), 0, 0, Tokens(exchange.Answer.OutputBytes), 0);
    }

    private static long Tokens(long bytes) => (bytes + BytesPerToken - 1) / BytesPerToken;
}
