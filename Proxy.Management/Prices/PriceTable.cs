using System.Collections.Frozen;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Proxy.Management.Prices;

/// <summary>The prices by model name. Immutable.</summary>
public sealed class PriceTable
{
    private readonly FrozenDictionary<string, ModelPrice> _prices;

    private PriceTable(FrozenDictionary<string, ModelPrice> prices) => _prices = prices;

    /// <summary>The prices that come with the program.</summary>
    public static PriceTable Shipped { get; } = ReadShipped();

    /// <summary>A table in which these prices replace, or stand beside, the ones of this.</summary>
    /// <exception cref="ArgumentException">A price is negative.</exception>
    public PriceTable With(IEnumerable<KeyValuePair<string, ModelPrice>> overrides)
    {
        var prices = new Dictionary<string, ModelPrice>(_prices, StringComparer.Ordinal);
        foreach (var (model, price) in overrides)
        {
            if (price is { InputCostPerToken: < 0 } or { OutputCostPerToken: < 0 } or { CachedInputCostPerToken: < 0 } or { CacheWriteCostPerToken: < 0 })
                throw new ArgumentException($"The price of '{model}' must not be negative.", nameof(overrides));

            prices[model] = price;
        }

        return new PriceTable(prices.ToFrozenDictionary(StringComparer.Ordinal));
    }

    /// <returns>The price of the first name that has one, or null.</returns>
    public ModelPrice? FindPrice(params ReadOnlySpan<string?> names)
    {
        foreach (var name in names)
        {
            if (name is not null && _prices.TryGetValue(name, out var price)) return price;
        }

        return null;
    }

    private static PriceTable ReadShipped()
    {
        using var stream = typeof(PriceTable).Assembly.GetManifestResourceStream("prices.json")!;
        var prices = JsonSerializer.Deserialize(stream, PriceJson.Default.DictionaryStringModelPrice)!;
        return new PriceTable(prices.ToFrozenDictionary(StringComparer.Ordinal));
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(Dictionary<string, ModelPrice>))]
internal sealed partial class PriceJson : JsonSerializerContext;
