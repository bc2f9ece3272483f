using System.Text.Json;

namespace Proxy.Management.Prices;

/// <summary>Reads a price map in LiteLLM's format: an object of models with dollars per token.</summary>
internal static class LiteLlmPriceMap
{
    /// <exception cref="JsonException">The text is not a JSON object of objects.</exception>
    public static Dictionary<string, ModelPrice> Read(ReadOnlyMemory<byte> json)
    {
        using var document = JsonDocument.Parse(json, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
        if (document.RootElement.ValueKind != JsonValueKind.Object) throw new JsonException("It is not an object.");

        var prices = new Dictionary<string, ModelPrice>(StringComparer.Ordinal);
        foreach (var model in document.RootElement.EnumerateObject())
        {
            if (model.Value.ValueKind == JsonValueKind.Object && model.Name != "sample_spec" && ReadModel(model.Value) is { } price)
                prices[model.Name] = price;
        }

        return prices;
    }

    private static ModelPrice? ReadModel(JsonElement model)
    {
        var points = new List<PricePoint>();
        foreach (var field in model.EnumerateObject())
        {
            if (Number(field.Value) is { } figure && PriceFigure.OfLiteLlm(field.Name, figure) is { } point) points.Add(point);
        }

        // Of a few models the map has another word for what comes from the cache.
        if (!points.Exists(point => point.Kind == PriceKind.CachedInput) && model.TryGetProperty("input_cost_per_token_cache_hit", out var hit)
            && Number(hit) is { } cached && PriceFigure.IsSensible(cached)) points.Add(new PricePoint(PriceKind.CachedInput, ServiceTier.Standard, 0, cached));

        var mode = model.TryGetProperty("mode", out var word) && word.ValueKind == JsonValueKind.String ? word.GetString() : null;
        if (mode == "image_generation") ReadAsMade(points);
        TakeTokens(points);
        return points.Count == 0 ? null : new ModelPrice(points)
        {
            Mode = mode,
            MaxInputTokens = Tokens(model, "max_input_tokens") ?? Tokens(model, "max_tokens"),
            MaxOutputTokens = Tokens(model, "max_output_tokens"),
        };
    }

    /// <summary>Where a model makes pictures, the map states what one costs as input too.</summary>
    private static void ReadAsMade(List<PricePoint> points)
    {
        var isStated = points.Exists(point => point.Kind == PriceKind.ImageOutput);
        for (var i = 0; i < points.Count && !isStated; i++)
        {
            if (points[i].Kind == PriceKind.ImageInput) points[i] = points[i] with { Kind = PriceKind.ImageOutput };
        }
    }

    /// <summary>Where the map states the same price by the token and by the character, one of them is to be paid.</summary>
    private static void TakeTokens(List<PricePoint> points)
    {
        if (points.Exists(point => point.Kind is PriceKind.Input or PriceKind.Output))
            points.RemoveAll(point => point.Kind is PriceKind.Character or PriceKind.CharacterOutput);
    }

    private static long? Tokens(JsonElement model, string name) =>
        model.TryGetProperty(name, out var value) && Number(value) is >= 0 and <= 1_000_000_000 and var tokens ? (long)tokens : null;

    private static decimal? Number(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out var number) ? number : null;
}
