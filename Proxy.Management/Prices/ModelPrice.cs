using Proxy.Management.Spend;

namespace Proxy.Management.Prices;

/// <summary>What a model costs, in dollars per token.</summary>
/// <param name="InputCostPerToken">Also the price of cached and written-to-cache input when these have none of their own.</param>
/// <param name="OutputCostPerToken">Also the price of reasoning.</param>
/// <param name="CachedInputCostPerToken">The price of input that came from the provider's cache.</param>
/// <param name="CacheWriteCostPerToken">The price of input that was written to the provider's cache.</param>
/// <param name="MaxOutputTokens">The most that the model answers.</param>
public sealed record ModelPrice(
    decimal InputCostPerToken,
    decimal OutputCostPerToken,
    decimal? CachedInputCostPerToken = null,
    decimal? CacheWriteCostPerToken = null,
    long? MaxOutputTokens = null)
{
    /// <summary>The exact cost of a call: its input and its output.</summary>
    public (decimal Input, decimal Output) CostOf(in TokenUsage usage)
    {
        var input = usage.Input * InputCostPerToken
            + usage.CachedInput * (CachedInputCostPerToken ?? InputCostPerToken)
            + usage.CacheWrite * (CacheWriteCostPerToken ?? InputCostPerToken);

        return (input, (usage.Output + usage.Reasoning) * OutputCostPerToken);
    }
}
