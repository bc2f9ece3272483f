using System.Globalization;

namespace Proxy.Management.Prices;

/// <summary>Reads the prices that come with the program.</summary>
internal static class PriceFile
{
    private const string ResourceName = "prices.txt";

    /// <summary>Makers of models whose own API names them without the prefix that the file gives them.</summary>
    private static readonly string[] Makers = ["mistral/", "deepseek/", "xai/", "gemini/", "moonshot/", "perplexity/", "dashscope/"];

    public static Dictionary<string, ModelPrice> ReadShipped()
    {
        using var stream = typeof(PriceFile).Assembly.GetManifestResourceStream(ResourceName)!;
        using var reader = new StreamReader(stream);
        return Read(reader.ReadToEnd());
    }

    /// <exception cref="FormatException">A line cannot be read.</exception>
    public static Dictionary<string, ModelPrice> Read(string text)
    {
        var prices = new Dictionary<string, ModelPrice>(StringComparer.Ordinal);
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.StartsWith('#')) continue;

            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            prices.Add(words[0], ReadModel(words[1], words.AsSpan(2)));
        }

        foreach (var (name, price) in prices.ToList())
        {
            if (Makers.FirstOrDefault(maker => name.StartsWith(maker, StringComparison.Ordinal)) is { } maker)
                prices.TryAdd(name[maker.Length..], price);
        }

        return prices;
    }

    private static ModelPrice ReadModel(string mode, ReadOnlySpan<string> figures)
    {
        var points = new List<PricePoint>(figures.Length);
        long? context = null, maxOutput = null;
        foreach (var figure in figures)
        {
            var cut = figure.IndexOf('=');
            var (name, value) = (figure[..cut], decimal.Parse(figure.AsSpan(cut + 1), NumberStyles.Float, CultureInfo.InvariantCulture));
            if (name == "context") context = (long)value;
            else if (name == "max-out") maxOutput = (long)value;
            else points.Add(PriceFigure.OfFile(name, value) ?? throw new FormatException($"'{figure}' is not a figure of a price."));
        }

        return new ModelPrice(points) { Mode = mode, MaxInputTokens = context, MaxOutputTokens = maxOutput };
    }
}
