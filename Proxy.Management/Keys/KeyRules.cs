using System.Text.Json;
using Proxy.Management.Bodies;
using Proxy.Management.Budgets;
using Proxy.Management.Storage;

namespace Proxy.Management.Keys;

/// <summary>What the fields of a key must be beyond their form. Faults are left with the reader.</summary>
internal static class KeyRules
{
    private static readonly string[] KeyTypes = ["default", "llm_api", "management", "read_only"];
    private static readonly string[] LimitTypes = ["guaranteed_throughput", "best_effort_throughput", "dynamic"];
    private static readonly string[] LimitFields = ["model_tpm_limit", "model_rpm_limit"];
    private static readonly string[] ListFields = ["guardrails", "tags"];

    public static void Check(FieldReader fields)
    {
        CheckWord(fields, "key_type", KeyTypes);
        CheckWord(fields, "rpm_limit_type", LimitTypes);
        CheckWord(fields, "tpm_limit_type", LimitTypes);
        if (fields.Text("rotation_interval") is { } interval && !BudgetCalendar.IsDuration(interval))
            fields.FaultInValue("rotation_interval", "'rotation_interval' must be like '24h', '30d' or '1mo'.");
        if (fields.Flag("auto_rotate") == true)
            fields.FaultInValue("auto_rotate", "Keys are not renewed on a schedule: nobody would get the new secret. Leave 'auto_rotate' out, and call /key/{key}/regenerate, with 'grace_period' if the old secret is to work on for a while.");
        CheckEntries(fields, "aliases", "names of models", entry => entry.ValueKind == JsonValueKind.String);
        CheckEntries(fields, "model_max_budget", "amounts of dollars, or objects with 'budget_limit' and 'time_period'", IsBudget);
        foreach (var name in LimitFields) CheckEntries(fields, name, "whole numbers that are not negative", IsLimitOrNull);
        CheckIncrease(fields);
        if (fields.Object("metadata") is { } metadata) CheckMetadata(fields, new FieldReader(metadata));
    }

    private static void CheckMetadata(FieldReader fields, FieldReader metadata)
    {
        foreach (var name in LimitFields) CheckEntries(metadata, name, "whole numbers that are not negative", IsLimit);
        foreach (var name in ListFields) metadata.TextList(name);
        if (metadata.Error is { } fault) fields.Fault("metadata", $"In 'metadata': {fault.Message}");
    }

    private static void CheckWord(FieldReader fields, string name, string[] words)
    {
        if (fields.Text(name) is { } word && !words.Contains(word)) fields.FaultInValue(name, $"'{name}' must be one of {string.Join(", ", words)}.");
    }

    private static void CheckEntries(FieldReader fields, string name, string what, Func<JsonElement, bool> isGood)
    {
        if (fields.Object(name) is not { } map) return;

        if (map.EnumerateObject().Count() > FieldReader.MaxListLength) fields.Fault(name, $"'{name}' must not have more than {FieldReader.MaxListLength} entries.");
        else if (map.EnumerateObject().Any(entry => entry.Name.Length is 0 or > FieldReader.MaxTextLength || entry.Name.Any(char.IsControl)))
            fields.Fault(name, $"'{name}' must name models, in 1 to {FieldReader.MaxTextLength} characters without control characters.");
        else if (!map.EnumerateObject().All(entry => isGood(entry.Value))) fields.Fault(name, $"The values of '{name}' must be {what}.");
    }

    private static bool IsLimit(JsonElement value) => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var limit) && limit >= 0;

    private static bool IsLimitOrNull(JsonElement value) => value.ValueKind == JsonValueKind.Null || IsLimit(value);

    private static bool IsBudget(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Number) return IsAmount(value);
        if (value.ValueKind != JsonValueKind.Object) return false;

        return (Find(value, "budget_limit", "max_budget") is { } limit && IsAmount(limit))
            && (Find(value, "time_period", "budget_duration") is not { } period
                || period.ValueKind == JsonValueKind.Null
                || (period.ValueKind == JsonValueKind.String && BudgetCalendar.IsDuration(period.GetString()!)));
    }

    private static bool IsAmount(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out var dollars) && dollars is >= 0 and <= Money.Max;

    private static JsonElement? Find(JsonElement value, string name, string otherName) =>
        value.TryGetProperty(name, out var found) || value.TryGetProperty(otherName, out found) ? found : null;

    private static void CheckIncrease(FieldReader fields)
    {
        var (amount, end) = (fields.Dollars(TemporaryIncrease.AmountField), fields.Text(TemporaryIncrease.EndField));
        if (amount is null != end is null)
            fields.Fault(TemporaryIncrease.AmountField, "temp_budget_increase and temp_budget_expiry must be set together.");
        if (end is not null && !TemporaryIncrease.TryParse(end, out _))
            fields.Fault(TemporaryIncrease.EndField, $"'{TemporaryIncrease.EndField}' must be a date and a time.");
    }
}
