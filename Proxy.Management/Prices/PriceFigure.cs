using System.Globalization;

namespace Proxy.Management.Prices;

/// <summary>The words for figures in our price file, in proxy.json and in LiteLLM's price map.</summary>
internal static class PriceFigure
{
    private const decimal Million = 1_000_000m;
    private const decimal Most = 1000m;

    private static readonly (PriceKind Kind, string File, string Setting, string LiteLlm, bool IsPerMillion)[] Kinds =
    [
        (PriceKind.Input, "in", "InputCostPerToken", "input_cost_per_token", true),
        (PriceKind.Output, "out", "OutputCostPerToken", "output_cost_per_token", true),
        (PriceKind.CachedInput, "cached", "CachedInputCostPerToken", "cache_read_input_token_cost", true),
        (PriceKind.CacheWrite, "write", "CacheWriteCostPerToken", "cache_creation_input_token_cost", true),
        (PriceKind.CacheWriteHour, "write1h", "CacheWriteHourCostPerToken", "cache_creation_input_token_cost_above_1hr", true),
        (PriceKind.Reasoning, "reasoning", "ReasoningCostPerToken", "output_cost_per_reasoning_token", true),
        (PriceKind.AudioInput, "audio-in", "AudioInputCostPerToken", "input_cost_per_audio_token", true),
        (PriceKind.AudioOutput, "audio-out", "AudioOutputCostPerToken", "output_cost_per_audio_token", true),
        (PriceKind.ImageTokenInput, "image-token-in", "ImageInputCostPerToken", "input_cost_per_image_token", true),
        (PriceKind.ImageTokenOutput, "image-token-out", "ImageOutputCostPerToken", "output_cost_per_image_token", true),
        (PriceKind.ImageInput, "image-in", "InputCostPerImage", "input_cost_per_image", false),
        (PriceKind.ImageOutput, "image-out", "OutputCostPerImage", "output_cost_per_image", false),
        (PriceKind.Pixel, "pixel", "CostPerPixel", "input_cost_per_pixel", true),
        (PriceKind.Character, "char-in", "InputCostPerCharacter", "input_cost_per_character", true),
        (PriceKind.CharacterOutput, "char-out", "OutputCostPerCharacter", "output_cost_per_character", true),
        (PriceKind.Second, "second", "CostPerSecond", "input_cost_per_second", false),
        (PriceKind.Query, "query", "CostPerQuery", "input_cost_per_query", false),
        (PriceKind.Request, "request", "CostPerRequest", "input_cost_per_request", false),
    ];

    private static readonly (ServiceTier Tier, string File, string Setting, string LiteLlm)[] Tiers =
    [
        (ServiceTier.Batch, "@batch", "Batch", "_batches"),
        (ServiceTier.Flex, "@flex", "Flex", "_flex"),
        (ServiceTier.Priority, "@priority", "Priority", "_priority"),
    ];

    /// <summary>The names of settings, for a message.</summary>
    public static IEnumerable<string> SettingNames => Kinds.Select(kind => kind.Setting);

    /// <summary><c>in@batch&gt;200000</c>; the figure is dollars for a million tokens, pixels or characters, and for one of all else.</summary>
    public static PricePoint? OfFile(string name, decimal figure)
    {
        var above = Cut(ref name, ">", "");
        var tier = CutTier(ref name, entry => entry.File);
        foreach (var kind in Kinds)
        {
            if (kind.File == name && above is { } tokens) return new PricePoint(kind.Kind, tier, tokens, kind.IsPerMillion ? figure / Million : figure);
        }

        return null;
    }

    /// <summary><c>InputCostPerTokenBatch</c>, <c>InputCostPerTokenAbove200000</c>; the figure is dollars.</summary>
    public static PricePoint? OfSetting(string name, decimal figure)
    {
        var above = Cut(ref name, "Above", "");
        var tier = CutTier(ref name, entry => entry.Setting);
        foreach (var kind in Kinds)
        {
            if (kind.Setting.Equals(name, StringComparison.OrdinalIgnoreCase) && above is { } tokens && IsSensible(figure))
                return new PricePoint(kind.Kind, tier, tokens, figure);
        }

        return null;
    }

    /// <summary><c>input_cost_per_token_above_200k_tokens</c>; the figure is dollars.</summary>
    public static PricePoint? OfLiteLlm(string name, decimal figure)
    {
        var above = name.EndsWith("k_tokens", StringComparison.Ordinal) ? Cut(ref name, "_above_", "k_tokens") * 1000 : 0;
        var tier = CutTier(ref name, entry => entry.LiteLlm);
        foreach (var kind in Kinds)
        {
            if (kind.LiteLlm == name && above is { } tokens && IsSensible(figure)) return new PricePoint(kind.Kind, tier, tokens, figure);
        }

        return null;
    }

    public static bool IsSensible(decimal figure) => figure is >= 0 and <= Most;

    private static ServiceTier CutTier(ref string name, Func<(ServiceTier Tier, string File, string Setting, string LiteLlm), string> word)
    {
        foreach (var entry in Tiers)
        {
            if (!name.EndsWith(word(entry), StringComparison.OrdinalIgnoreCase)) continue;

            name = name[..^word(entry).Length];
            return entry.Tier;
        }

        return ServiceTier.Standard;
    }

    /// <returns>The number behind the word; zero without the word, null when there is no number.</returns>
    private static long? Cut(ref string name, string word, string end)
    {
        var at = name.LastIndexOf(word, StringComparison.OrdinalIgnoreCase);
        if (at < 0) return 0;

        var number = name.AsSpan(at + word.Length, name.Length - at - word.Length - end.Length);
        if (!long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var tokens)) return null;

        name = name[..at];
        return tokens;
    }
}
