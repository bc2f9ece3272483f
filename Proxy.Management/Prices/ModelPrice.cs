using Proxy.Management.Spend;

namespace Proxy.Management.Prices;

/// <summary>What a model costs. Immutable.</summary>
public sealed class ModelPrice
{
    private static readonly PriceKind[] OtherOutput = [PriceKind.Reasoning, PriceKind.AudioOutput, PriceKind.ImageTokenOutput];

    private readonly PricePoint[] _points;

    public ModelPrice(IEnumerable<PricePoint> points) => _points = [.. points];

    /// <param name="input">Also the price of cached and written-to-cache input when these have none of their own.</param>
    /// <param name="output">Also the price of reasoning.</param>
    public ModelPrice(decimal input, decimal output, decimal? cachedInput = null, decimal? cacheWrite = null)
        : this(Points(input, output, cachedInput, cacheWrite))
    {
    }

    public IReadOnlyList<PricePoint> Figures => _points;

    public decimal InputCostPerToken => Find(PriceKind.Input, ServiceTier.Standard, 0) ?? 0;

    public decimal OutputCostPerToken => Find(PriceKind.Output, ServiceTier.Standard, 0) ?? 0;

    /// <summary>The tokens that a prompt may have.</summary>
    public long? MaxInputTokens { get; init; }

    /// <summary>The most that the model answers.</summary>
    public long? MaxOutputTokens { get; init; }

    /// <summary>What it is for: <c>chat</c>, <c>embedding</c>, …</summary>
    public string? Mode { get; init; }

    /// <summary>The exact cost of a call: its input and its output.</summary>
    /// <remarks>The whole prompt decides which figures hold for all tokens of the call, output too.</remarks>
    public (decimal Input, decimal Output) CostOf(in TokenUsage usage, ServiceTier tier = ServiceTier.Standard)
    {
        var prompt = usage.TotalInput;
        var input = Find(PriceKind.Input, tier, prompt) ?? 0;
        var output = Find(PriceKind.Output, tier, prompt) ?? 0;
        var write = usage.CacheWrite + usage.CacheWriteHour == 0 ? 0 : Find(PriceKind.CacheWrite, tier, prompt) ?? input;

        var inputCost = usage.Input * input
            + Cost(usage.CachedInput, PriceKind.CachedInput, tier, prompt, input)
            + usage.CacheWrite * write
            + Cost(usage.CacheWriteHour, PriceKind.CacheWriteHour, tier, prompt, write)
            + Cost(usage.AudioInput, PriceKind.AudioInput, tier, prompt, input)
            + Cost(usage.ImageInput, PriceKind.ImageTokenInput, tier, prompt, input)
            + Cost(usage.Characters, PriceKind.Character, tier, prompt, 0)
            + Cost(usage.Seconds, PriceKind.Second, tier, prompt, 0)
            + Cost(usage.Queries, PriceKind.Query, tier, prompt, 0)
            + (Find(PriceKind.Request, tier, prompt) ?? 0);
        var outputCost = usage.Output * output
            + Cost(usage.Reasoning, PriceKind.Reasoning, tier, prompt, output)
            + Cost(usage.AudioOutput, PriceKind.AudioOutput, tier, prompt, output)
            + Cost(usage.ImageOutput, PriceKind.ImageTokenOutput, tier, prompt, output)
            + Cost(usage.Images, PriceKind.ImageOutput, tier, prompt, 0)
            + Cost(usage.Pixels, PriceKind.Pixel, tier, prompt, 0)
            + Cost(usage.OutputCharacters, PriceKind.CharacterOutput, tier, prompt, 0);
        return (inputCost, outputCost);
    }

    /// <summary>The most that so much can come to, whatever becomes of the output: some of it may be thought, spoken or drawn.</summary>
    public decimal MostOf(in TokenUsage usage, ServiceTier tier)
    {
        var (inputCost, outputCost) = CostOf(usage, tier);
        if (usage.Output == 0) return inputCost + outputCost;

        foreach (var kind in OtherOutput)
        {
            if (Find(kind, tier, usage.Input) is { } dollars) outputCost = Math.Max(outputCost, usage.Output * dollars);
        }

        return inputCost + outputCost;
    }

    private static IEnumerable<PricePoint> Points(decimal input, decimal output, decimal? cachedInput, decimal? cacheWrite)
    {
        yield return new PricePoint(PriceKind.Input, ServiceTier.Standard, 0, input);
        yield return new PricePoint(PriceKind.Output, ServiceTier.Standard, 0, output);
        if (cachedInput is { } cached) yield return new PricePoint(PriceKind.CachedInput, ServiceTier.Standard, 0, cached);
        if (cacheWrite is { } write) yield return new PricePoint(PriceKind.CacheWrite, ServiceTier.Standard, 0, write);
    }

    /// <summary>Whether something is paid for by this unit.</summary>
    public bool Has(PriceKind kind) => Array.Exists(_points, point => point.Kind == kind);

    private decimal Cost(decimal count, PriceKind kind, ServiceTier tier, long prompt, decimal otherwise) =>
        count == 0 ? 0 : count * (Find(kind, tier, prompt) ?? otherwise);

    /// <summary>The figure of the service tier before the standard one, and in each the one of the longest prompt that this one exceeds.</summary>
    private decimal? Find(PriceKind kind, ServiceTier tier, long prompt)
    {
        PricePoint? best = null;
        foreach (var point in _points)
        {
            if (point.Kind != kind || (point.Tier != tier && point.Tier != ServiceTier.Standard) || (point.Above > 0 && prompt <= point.Above)) continue;
            if (best is { } known && (known.Tier == point.Tier ? known.Above >= point.Above : known.Tier == tier)) continue;

            best = point;
        }

        return best?.Dollars;
    }
}
