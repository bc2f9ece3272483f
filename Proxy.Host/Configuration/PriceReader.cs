using System.Globalization;
using Proxy.Management.Prices;

namespace Proxy.Host.Configuration;

/// <summary>Reads the section <c>Prices</c>: US dollars per token, by model, over the built-in table.</summary>
internal static class PriceReader
{
    public const string Section = "Prices";

    private static readonly string[] Fields =
    [
        nameof(ModelPrice.InputCostPerToken), nameof(ModelPrice.OutputCostPerToken),
        nameof(ModelPrice.CachedInputCostPerToken), nameof(ModelPrice.CacheWriteCostPerToken),
    ];

    public static PriceTable Read(IConfiguration configuration, List<string> faults)
    {
        var prices = new Dictionary<string, Dictionary<string, decimal>>();
        foreach (var (path, text) in configuration.GetSection(Section).AsEnumerable(makePathsRelative: true))
        {
            if (text is null) continue;

            // A colon in a model's name is also configuration's separator: the last segment is the field, all before it the name.
            var cut = path.LastIndexOf(':');
            var model = cut < 0 ? path : path[..cut];
            var field = cut < 0 ? "" : Fields.FirstOrDefault(name => name.Equals(path[(cut + 1)..], StringComparison.OrdinalIgnoreCase)) ?? "";
            if (field.Length == 0)
                faults.Add($"Prices: '{path}' is not a price; a model has {string.Join(", ", Fields)}.");
            else if (!decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var price) || price is < 0 or > 1000)
                faults.Add($"Prices: {field} of '{model}' is '{text}', not an amount of dollars between 0 and 1000.");
            else
                Of(prices, model)[field] = price;
        }

        foreach (var (model, _) in prices.Where(price => !price.Value.ContainsKey(Fields[0])))
            faults.Add($"Prices: '{model}' has no {Fields[0]}.");
        if (faults.Count > 0) return PriceTable.Shipped;

        return PriceTable.Shipped.With(prices.ToDictionary(price => price.Key, price => ToPrice(price.Value)));
    }

    private static Dictionary<string, decimal> Of(Dictionary<string, Dictionary<string, decimal>> prices, string model) =>
        prices.TryGetValue(model, out var fields) ? fields : prices[model] = [];

    private static ModelPrice ToPrice(Dictionary<string, decimal> fields) => new(
        fields[Fields[0]],
        fields.GetValueOrDefault(Fields[1]),
        fields.TryGetValue(Fields[2], out var cached) ? cached : null,
        fields.TryGetValue(Fields[3], out var write) ? write : null);
}
