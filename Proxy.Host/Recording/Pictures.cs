using System.Globalization;
using Proxy.Host.Answers;
using Proxy.Host.Requests;
using Proxy.Management.Prices;
using Proxy.Management.Spend;

namespace Proxy.Host.Recording;

/// <summary>The pictures of a call: how many, and of which size and quality, by which they have prices of their own.</summary>
internal readonly record struct Pictures(long Count, string Size, string? Quality)
{
    private const string UsualSize = "1024x1024";
    private const int MaxSide = 16_384;

    /// <summary>What providers make where nothing is said of it.</summary>
    private static readonly string[] UsualQualities = ["standard", "medium"];

    /// <summary>As far as the answer tells, and else as they were asked for.</summary>
    public static Pictures Of(CompletionRequest request, AnswerDigest? answer) => new(
        answer?.Items ?? request.Bounds.Choices,
        Stated(answer?.PictureSize ?? request.TextOf("size"u8)) ?? UsualSize,
        Stated(answer?.PictureQuality ?? request.TextOf("quality"u8)));

    /// <summary>The price of the deployment, else that of the quality and size, else that of the model.</summary>
    public ModelPrice? FindPrice(PriceTable prices, string modelId, params ReadOnlySpan<string?> names)
    {
        if (prices.FindPrice(modelId) is { } own) return own;

        var size = Size.Replace("x", "-x-");
        foreach (var name in names)
        {
            foreach (var quality in Quality is null ? UsualQualities : [Quality])
            {
                if (prices.FindPrice($"{quality}/{size}/{name}", $"{size}/{name}") is { } sized) return sized;
            }
        }

        return prices.FindPrice(names);
    }

    /// <summary>What is paid for: the pictures, where they have a price as such, or else the tokens that they are made of.</summary>
    public TokenUsage Bill(TokenUsage tokens, ModelPrice price) => price.Has(PriceKind.ImageOutput) || price.Has(PriceKind.Pixel)
        ? tokens with { Output = 0, ImageOutput = 0, Images = Count, Pixels = Count * PixelsOf(Size) }
        : tokens with { Output = 0, ImageOutput = tokens.Output + tokens.ImageOutput };

    private static long PixelsOf(string size)
    {
        var cut = size.IndexOf('x');
        return cut > 0
            && int.TryParse(size.AsSpan(0, cut), NumberStyles.None, CultureInfo.InvariantCulture, out var width)
            && int.TryParse(size.AsSpan(cut + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var height)
            && width <= MaxSide && height <= MaxSide
                ? (long)width * height
                : 1024 * 1024;
    }

    private static string? Stated(string? word) => word is null or "" or "auto" || word.Length > 32 ? null : word;
}
