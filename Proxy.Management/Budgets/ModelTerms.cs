using System.Text.Json;
using Proxy.Management.Storage;

namespace Proxy.Management.Budgets;

/// <summary>The budgets and limits that a key or a team has for single models, as its fields state them.</summary>
internal static class ModelTerms
{
    /// <param name="details">The JSON object with <c>model_max_budget</c>, <c>model_rpm_limit</c> and <c>model_tpm_limit</c>.</param>
    /// <param name="shared">The same of a budget that is shared; it holds for models of which the other says nothing.</param>
    public static Dictionary<string, AccountTerms> Read(string details, string? shared = null)
    {
        var terms = shared is null ? new Dictionary<string, AccountTerms>(StringComparer.Ordinal) : Read(shared);
        using var document = JsonDocument.Parse(details);
        Read(document.RootElement, "model_max_budget", terms, Budget);
        Read(document.RootElement, "model_rpm_limit", terms, static (old, value) => Number(value) is { } limit ? old with { RpmLimit = (long)limit } : old);
        Read(document.RootElement, "model_tpm_limit", terms, static (old, value) => Number(value) is { } limit ? old with { TpmLimit = (long)limit } : old);
        return terms;
    }

    private static void Read(
        JsonElement details, string name, Dictionary<string, AccountTerms> terms, Func<AccountTerms, JsonElement, AccountTerms> read)
    {
        if (!details.TryGetProperty(name, out var models) || models.ValueKind != JsonValueKind.Object) return;

        foreach (var model in models.EnumerateObject())
        {
            var old = terms.GetValueOrDefault(model.Name, AccountTerms.None);
            var stated = read(old, model.Value);
            if (!ReferenceEquals(old, stated)) terms[model.Name] = stated;
        }
    }

    /// <summary>Clients state dollars, or an object with <c>budget_limit</c> (or <c>max_budget</c>) and <c>time_period</c> (or <c>budget_duration</c>).</summary>
    private static AccountTerms Budget(AccountTerms old, JsonElement value)
    {
        if (Number(value) is { } dollars) return old with { MaxBudget = dollars };
        if (value.ValueKind != JsonValueKind.Object) return old;

        var limit = Property(value, "budget_limit") ?? Property(value, "max_budget");
        var period = Property(value, "time_period") ?? Property(value, "budget_duration");
        return limit is { } element && Number(element) is { } budget
            ? old with { MaxBudget = budget, BudgetDuration = period is { ValueKind: JsonValueKind.String } text ? text.GetString() : null }
            : old;
    }

    private static JsonElement? Property(JsonElement value, string name) => value.TryGetProperty(name, out var property) ? property : null;

    private static decimal? Number(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out var number) && number is >= 0 and <= Money.Max ? number : null;
}
