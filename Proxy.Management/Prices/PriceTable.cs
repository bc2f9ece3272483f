using System.Collections.Frozen;
using System.Text.Json;

namespace Proxy.Management.Prices;

/// <summary>The prices by model name. Immutable.</summary>
public sealed class PriceTable
{
    private readonly FrozenDictionary<string, ModelPrice> _prices;

    private PriceTable(Dictionary<string, ModelPrice> prices) => _prices = prices.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The prices that come with the program.</summary>
    public static PriceTable Shipped { get; } = new(PriceFile.ReadShipped());

    public int Count => _prices.Count;

    /// <summary>A table in which these prices replace, or stand beside, the ones of this.</summary>
    /// <exception cref="ArgumentException">A price is negative.</exception>
    public PriceTable With(IEnumerable<KeyValuePair<string, ModelPrice>> overrides)
    {
        var prices = new Dictionary<string, ModelPrice>(_prices, StringComparer.Ordinal);
        foreach (var (model, price) in overrides)
        {
            if (price.Figures.Any(point => point.Dollars < 0))
                throw new ArgumentException($"The price of '{model}' must not be negative.", nameof(overrides));

            prices[model] = price;
        }

        return new PriceTable(prices);
    }

    /// <summary>A table with the prices of a map in LiteLLM's format over the ones of this.</summary>
    /// <exception cref="JsonException">The text is not such a map.</exception>
    public PriceTable WithLiteLlmMap(ReadOnlyMemory<byte> json) => With(LiteLlmPriceMap.Read(json));

    /// <summary>Reads one figure as proxy.json states it, such as <c>InputCostPerTokenBatch</c>; null when there is no such figure.</summary>
    public static PricePoint? ReadSetting(string name, decimal dollars) => PriceFigure.OfSetting(name, dollars);

    /// <summary>The names that <see cref="ReadSetting"/> knows, without tiers.</summary>
    public static IEnumerable<string> SettingNames => PriceFigure.SettingNames;

    /// <returns>The price of the first name that has one, or null.</returns>
    public ModelPrice? FindPrice(params ReadOnlySpan<string?> names)
    {
        foreach (var name in names)
        {
            if (name is not null && _prices.TryGetValue(name, out var price)) return price;
        }

        return null;
    }
}
