using Proxy.Host.Exchanges;
using Proxy.Host.Providers;
using Proxy.Host.Resources;
using Proxy.Management.Prices;
using Proxy.Management.Spend;

namespace Proxy.Host.Recording;

/// <summary>What a call used and what that costs, in US dollars.</summary>
internal readonly record struct Bill(TokenUsage Usage, decimal InputCost, decimal OutputCost, bool IsEstimated, bool IsUnpriced)
{
    public decimal Cost => InputCost + OutputCost;

    public static Bill Of(Exchange exchange)
    {
        var said = exchange.Answer.Usage;
        if (exchange.Operation is { IsResource: true } && !ResourceBook.IsBilled(exchange)) return default;
        if (said is null && !WasServed(exchange)) return GivenUpPrompts.BillOf(exchange);

        var price = FindPrice(exchange);
        var usage = UsageOf(exchange, said, out var isEstimated);
        if (price is null) return usage.Total == 0 ? default : new Bill(usage, 0, 0, isEstimated, IsUnpriced: true);

        usage = AddUnits(exchange, usage, price, ref isEstimated);
        var (input, output) = price.CostOf(usage, exchange.Answer.ServiceTier ?? exchange.Request!.ServiceTier);
        return new Bill(usage, input + GivenUpPrompts.CostOf(exchange, new TokenUsage { Input = usage.TotalInput }), output, isEstimated && (usage.Total > 0 || input + output > 0), IsUnpriced: false);
    }

    /// <summary>What a stream tells at its beginning is the prompt: where nothing else came, its answer is as long as it was.</summary>
    private static TokenUsage UsageOf(Exchange exchange, TokenUsage? said, out bool isEstimated)
    {
        isEstimated = true;
        if (said is not { } told) return EstimateOf(exchange);

        var seen = exchange.Answer.IsOutputUntold ? Estimate.Tokens(exchange.Answer.OutputBytes) : 0;
        isEstimated = seen > told.TotalOutput;
        return isEstimated ? told with { Output = told.Output + seen - told.TotalOutput } : told;
    }

    /// <summary>What we asked the provider for is what it charges; the client's name is the last resort.</summary>
    private static ModelPrice? FindPrice(Exchange exchange)
    {
        var (attempt, prices) = (exchange.Attempt!, exchange.Settings.Prices);
        return exchange.Operation!.IsPicture
            ? Pictures.Of(exchange.Request!, exchange.Answer).FindPrice(prices, attempt.ModelId, attempt.UpstreamModel, exchange.Answer.Model, exchange.Model)
            : prices.FindPrice(attempt.OwnPrice, attempt.UpstreamModel, exchange.Answer.Model, exchange.Model);
    }

    /// <summary>What is paid for beside tokens, or instead of them. What can be counted is not estimated.</summary>
    private static TokenUsage AddUnits(Exchange exchange, TokenUsage usage, ModelPrice price, ref bool isEstimated)
    {
        if (exchange.Operation!.IsPicture)
        {
            usage = Pictures.Of(exchange.Request!, exchange.Answer).Bill(usage, price);
            if (usage.Images > 0) Drop(ref usage, ref isEstimated);
        }
        else if (exchange.Operation == ApiOperation.Rerank && price.Has(PriceKind.Query))
        {
            usage = usage with { Queries = exchange.Answer.Searches ?? 1 };
            Drop(ref usage, ref isEstimated);
        }

        if (price.Has(PriceKind.Second) && usage.Seconds == 0)
        {
            usage = usage with { Seconds = SecondsOf(exchange) };
            if (exchange.Answer.HeardSeconds is not null) Drop(ref usage, ref isEstimated);
        }

        if (price.Has(PriceKind.Character)) usage = usage with { Characters = Estimate.InputCharacters(exchange.Request!) };
        if (!price.Has(PriceKind.CharacterOutput)) return usage;

        isEstimated = true;
        return usage with { OutputCharacters = exchange.Answer.OutputBytes };
    }

    /// <summary>What was heard, or else what the answer took.</summary>
    private static decimal SecondsOf(Exchange exchange) => Estimate.HeardSeconds(exchange) is > 0 and var heard
        ? heard
        : exchange.Answer.HeardSeconds ?? (decimal)(exchange.EndedAt - exchange.Attempt!.StartedAt).TotalMilliseconds / 1000;

    /// <summary>Tokens that nobody has counted are not paid for where something else is.</summary>
    private static void Drop(ref TokenUsage usage, ref bool isEstimated)
    {
        if (isEstimated) usage = usage with { Input = 0, Output = 0, AudioInput = 0, AudioOutput = 0 };
        isEstimated = false;
    }

    /// <summary>A refusal costs nothing, here or there; an answer that began does, also when it broke or nobody waited for its end. What had not begun: <see cref="GivenUpPrompts"/>.</summary>
    private static bool WasServed(Exchange exchange) =>
        exchange.FirstByteAt is not null
        && (exchange.Outcome is SpendOutcome.Success or SpendOutcome.Aborted or SpendOutcome.Incomplete || exchange.Answer.OutputBytes > 0);

    private static TokenUsage EstimateOf(Exchange exchange)
    {
        var output = Estimate.Tokens(exchange.Answer.OutputBytes);
        return exchange.Operation == ApiOperation.Speech ? Estimate.Prompt(exchange) with { AudioOutput = output } : Estimate.Prompt(exchange) with { Output = output };
    }
}
