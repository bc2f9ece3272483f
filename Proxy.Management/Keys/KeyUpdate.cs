using Proxy.Management.Bodies;
using Proxy.Management.Budgets;

namespace Proxy.Management.Keys;

/// <summary>A body that changes a key: what is stated applies, null clears, what is absent stays.</summary>
internal static class KeyUpdate
{
    /// <summary>Faults are left with the reader; look at them before the row is written.</summary>
    public static KeyIdentity Apply(FieldReader fields, KeyIdentity key, BudgetCalendar calendar, DateTimeOffset now, string? by)
    {
        var details = DetailField.Update(fields, KeyRequest.Details, key.Details);
        CheckIncrease(fields);
        return key with
        {
            Alias = fields.Stated("key_alias", key.Alias, name => fields.Text(name)),
            UserId = fields.Stated("user_id", key.UserId, name => fields.Text(name)),
            TeamId = fields.Stated("team_id", key.TeamId, name => fields.Text(name)),
            OrganizationId = fields.Stated("organization_id", key.OrganizationId, name => fields.Text(name)),
            Models = fields.Stated("models", key.Models, name => fields.TextList(name) ?? []),
            IsBlocked = fields.Stated("blocked", key.IsBlocked, fields.Flag),
            ExpiresAt = fields.Stated("duration", key.ExpiresAt, name => fields.MomentAfter(name, now)),
            Limits = key.Limits.Update(fields, calendar, now),
            Metadata = UpdateMetadata(fields, key.Metadata, details),
            Details = details,
            UpdatedAt = now,
            UpdatedBy = by,
        };
    }

    private static string UpdateMetadata(FieldReader fields, string metadata, string details)
    {
        var updated = DetailField.UpdateMetadata(fields, metadata, details, KeyRequest.BelongToMetadata);
        if (fields.Dollars(TemporaryIncrease.AmountField) is not { } amount || fields.Text(TemporaryIncrease.EndField) is not { } end) return updated;

        var stored = System.Text.Json.Nodes.JsonNode.Parse(updated)!.AsObject();
        stored[TemporaryIncrease.AmountField] = amount;
        stored[TemporaryIncrease.EndField] = end;
        return stored.ToJsonString();
    }

    private static void CheckIncrease(FieldReader fields)
    {
        var (amount, end) = (fields.Dollars(TemporaryIncrease.AmountField), fields.Text(TemporaryIncrease.EndField));
        if (amount is null != end is null)
            fields.Fault(TemporaryIncrease.AmountField, "temp_budget_increase and temp_budget_expiry must be set together.");
        if (end is not null && !TemporaryIncrease.TryParse(end, out _))
            fields.Fault(TemporaryIncrease.EndField, $"'{TemporaryIncrease.EndField}' must be a date and a time.");
    }
}
