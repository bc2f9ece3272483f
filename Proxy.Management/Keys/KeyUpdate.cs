using Proxy.Management.Access;
using Proxy.Management.Bodies;
using Proxy.Management.Budgets;
using Proxy.Management.Callbacks;
using Proxy.Management.Errors;

namespace Proxy.Management.Keys;

/// <summary>A body that changes a key: what is stated applies, null clears, what is absent stays.</summary>
internal static class KeyUpdate
{
    /// <summary>The change that a body asks for, or everything that is wrong with the body.</summary>
    public static (KeyEdit? Edit, ProxyError? Error) Read(FieldReader fields, BudgetCalendar calendar, Caller caller, DateTimeOffset now)
    {
        KeyIdentity Change(KeyIdentity old) => Apply(fields, old, calendar, now, caller.UserId);
        Change(KeyIdentity.Blank);
        var spend = fields.Dollars("spend");
        var metadata = fields.Object("metadata");
        var (callbacks, refusal) = CallbackRules.ReadMetadata(metadata, caller.IsProxyAdmin);
        if ((fields.Error ?? refusal) is { } fault) return (null, fault);

        return (new KeyEdit(Change, caller) { Stated = fields.Names, Callbacks = CallbackRules.IsStated(metadata) ? callbacks : null, Spend = spend }, null);
    }

    /// <summary>Faults are left with the reader; look at them before the row is written.</summary>
    private static KeyIdentity Apply(FieldReader fields, KeyIdentity key, BudgetCalendar calendar, DateTimeOffset now, string? by)
    {
        var (metadata, details) = new KeyMetadata(key.Metadata, key.Details).Update(fields);
        return key with
        {
            Alias = fields.Stated("key_alias", key.Alias, name => fields.Text(name)),
            UserId = fields.Stated("user_id", key.UserId, name => fields.Text(name)),
            TeamId = fields.Stated("team_id", key.TeamId, name => fields.Text(name)),
            OrganizationId = fields.Stated("organization_id", key.OrganizationId, name => fields.Text(name)),
            Models = fields.Stated("models", key.Models, name => fields.TextList(name) ?? []),
            BudgetId = fields.Stated("budget_id", key.BudgetId, name => fields.Text(name)),
            IsBlocked = fields.Stated("blocked", key.IsBlocked, fields.Flag),
            ExpiresAt = fields.Stated("duration", key.ExpiresAt, name => fields.MomentAfter(name, now)),
            Limits = key.Limits.Update(fields, calendar, now),
            Metadata = metadata,
            Details = details,
            UpdatedAt = now,
            UpdatedBy = by,
        };
    }
}
