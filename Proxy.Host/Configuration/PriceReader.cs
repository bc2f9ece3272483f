using System.Globalization;
using System.Text.Json;
using Proxy.Management.Prices;

namespace Proxy.Host.Configuration;

/// <summary>Reads the section <c>Prices</c>, in US dollars by model or by <c>cluster/destination</c>, and the price map that <c>PriceMap</c> names.</summary>
/// <remarks>The built-in table lies below, the price map over it, the section on top.</remarks>
internal static class PriceReader
{
    public const string Section = "Prices";
    public const string MapSetting = "PriceMap";
    public const string UnpricedSetting = "UnpricedModels";

    private const string MaxOutput = nameof(ModelPrice.MaxOutputTokens);
    private const string MaxInput = nameof(ModelPrice.MaxInputTokens);

    public static PriceTable Read(IConfiguration configuration, List<string> faults)
    {
        var stated = new Dictionary<string, StatedPrice>();
        foreach (var (path, text) in configuration.GetSection(Section).AsEnumerable(makePathsRelative: true))
        {
            if (text is null) continue;

            // A colon in a model's name is also configuration's separator: the last segment is the field, all before it the name.
            var cut = path.LastIndexOf(':');
            var (model, field) = cut < 0 ? (path, "") : (path[..cut], path[(cut + 1)..]);
            if (!stated.TryGetValue(model, out var price)) stated[model] = price = new StatedPrice();
            Read(price, model, field, text, faults);
        }

        foreach (var (model, _) in stated.Where(price => !price.Value.Figures.Any(point => point is { Kind: PriceKind.Input or PriceKind.Request or PriceKind.ImageOutput })))
            faults.Add($"Prices: '{model}' has no InputCostPerToken.");

        var table = ReadMap(configuration[MapSetting], faults);
        return faults.Count > 0 ? table : table.With(stated.ToDictionary(price => price.Key, price => price.Value.ToPrice()));
    }

    /// <summary>Whether calls of models without a price are refused.</summary>
    public static bool ReadRefusesUnpriced(IConfiguration configuration, List<string> faults)
    {
        var text = configuration[UnpricedSetting] ?? "allow";
        var isRefuse = text.Equals("refuse", StringComparison.OrdinalIgnoreCase);
        if (!isRefuse && !text.Equals("allow", StringComparison.OrdinalIgnoreCase))
            faults.Add($"{UnpricedSetting} is '{text}'; it is 'allow' or 'refuse'.");
        return isRefuse;
    }

    private static void Read(StatedPrice price, string model, string field, string text, List<string> faults)
    {
        var isTokens = field.Equals(MaxOutput, StringComparison.OrdinalIgnoreCase) || field.Equals(MaxInput, StringComparison.OrdinalIgnoreCase);
        var isNumber = decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number);
        if (PriceTable.ReadSetting(field, 0) is null && !isTokens)
            faults.Add($"Prices: '{model}:{field}' is not a price; a model has {string.Join(", ", PriceTable.SettingNames)}, {MaxInput}, {MaxOutput}.");
        else if (isTokens && (!isNumber || number is < 0 or > 1_000_000_000))
            faults.Add($"Prices: {field} of '{model}' is '{text}', not a number of tokens.");
        else if (isTokens && field.Equals(MaxOutput, StringComparison.OrdinalIgnoreCase))
            price.MaxOutputTokens = (long)number;
        else if (isTokens)
            price.MaxInputTokens = (long)number;
        else if (!isNumber || PriceTable.ReadSetting(field, number) is not { } point)
            faults.Add($"Prices: {field} of '{model}' is '{text}', not an amount of dollars between 0 and 1000.");
        else
            price.Figures.Add(point);
    }

    private static PriceTable ReadMap(string? path, List<string> faults)
    {
        if (string.IsNullOrWhiteSpace(path)) return PriceTable.Shipped;

        try
        {
            return PriceTable.Shipped.WithLiteLlmMap(File.ReadAllBytes(path));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException)
        {
            faults.Add($"{MapSetting}: the price map '{path}' cannot be read: {exception.Message}");
            return PriceTable.Shipped;
        }
    }

    private sealed class StatedPrice
    {
        public List<PricePoint> Figures { get; } = [];

        public long? MaxInputTokens { get; set; }

        public long? MaxOutputTokens { get; set; }

        public ModelPrice ToPrice() => new(Figures) { MaxInputTokens = MaxInputTokens, MaxOutputTokens = MaxOutputTokens };
    }
}
