using System.Globalization;
using System.Text.Json;
using Proxy.Management.Storage;

namespace Proxy.Management.Budgets;

/// <summary>Dollars on top of a budget until a moment, as a key's metadata states them.</summary>
internal readonly record struct TemporaryIncrease(decimal? Amount, DateTimeOffset? EndsAt)
{
    public const string AmountField = "temp_budget_increase";
    public const string EndField = "temp_budget_expiry";

    public static TemporaryIncrease Read(string metadata)
    {
        if (!metadata.Contains(AmountField, StringComparison.Ordinal)) return default;

        using var document = JsonDocument.Parse(metadata);
        var root = document.RootElement;
        return root.TryGetProperty(AmountField, out var amount) && amount.ValueKind == JsonValueKind.Number && amount.TryGetDecimal(out var dollars)
            && dollars is > 0 and <= Money.Max
            && root.TryGetProperty(EndField, out var end) && end.ValueKind == JsonValueKind.String && TryParse(end.GetString()!, out var endsAt)
            ? new TemporaryIncrease(dollars, endsAt)
            : default;
    }

    public static bool TryParse(string text, out DateTimeOffset moment) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out moment);
}
