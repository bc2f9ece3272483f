using Proxy.Management.Access;
using Proxy.Management.Bodies;
using Proxy.Management.Budgets;
using Proxy.Management.Callbacks;
using Proxy.Management.Errors;

namespace Proxy.Management.Keys;

/// <summary>A body that asks for a key, read and checked.</summary>
/// <param name="Key">The plain key; it leaves with the answer and is kept nowhere.</param>
/// <param name="Record">The row to be.</param>
internal sealed record KeyRequest(string Key, KeyRecord Record)
{
    public static readonly DetailField[] Details =
    [
        new("duration", DetailShape.Text),
        new("aliases", DetailShape.Object, "{}"),
        new("config", DetailShape.Object, "{}"),
        new("permissions", DetailShape.Object, "{}"),
        new("model_max_budget", DetailShape.Object, "{}"),
        new("model_tpm_limit", DetailShape.Object),
        new("model_rpm_limit", DetailShape.Object),
        new("guardrails", DetailShape.TextList),
        new("tags", DetailShape.TextList),
        new("allowed_cache_controls", DetailShape.TextList, "[]"),
        new("send_invite_email", DetailShape.Flag),
        new("enforced_params", DetailShape.TextList),
        new("allowed_routes", DetailShape.TextList, "[]"),
        new("allowed_passthrough_routes", DetailShape.List),
        new("allowed_vector_store_indexes", DetailShape.List),
        new("rpm_limit_type", DetailShape.Text),
        new("tpm_limit_type", DetailShape.Text),
        new("object_permission", DetailShape.Object),
        new("prompts", DetailShape.TextList),
        new("key_type", DetailShape.Text, "\"default\""),
        new("auto_rotate", DetailShape.Flag, "false"),
        new("rotation_interval", DetailShape.Text),
    ];

    public static (KeyRequest? Request, ProxyError? Error) Read(FieldReader fields, BudgetCalendar calendar, Caller caller, DateTimeOffset now)
    {
        var key = ReadKey(fields, "key");
        var metadata = fields.Object("metadata");
        var spend = fields.Dollars("spend") ?? 0;
        var identity = ReadIdentity(fields, calendar, key, KeyMetadata.None.Update(fields), caller.UserId, now);
        if (fields.Error is { } fault) return (null, fault);

        var (callbacks, refusal) = CallbackRules.ReadMetadata(metadata, caller.IsProxyAdmin);
        return refusal is null
            ? (new KeyRequest(key, new KeyRecord(identity with { Callbacks = callbacks }, spend)), null)
            : (null, refusal);
    }

    /// <returns>Nothing that could be logged by accident.</returns>
    public override string ToString() => Record.Identity.ToString();

    /// <summary>The key that a caller has chosen, or a new one.</summary>
    public static string ReadKey(FieldReader fields, string name)
    {
        if (fields.Text(name) is not { } chosen) return KeyFormat.Create();
        if (KeyFormat.IsAcceptable(chosen)) return chosen;

        fields.FaultInValue(
            name,
            "Invalid key format. LiteLLM Virtual Key must start with 'sk-'. It must have 8 to 256 characters, all of them printable ASCII and none a space.");
        return KeyFormat.Create();
    }

    private static KeyIdentity ReadIdentity(
        FieldReader fields, BudgetCalendar calendar, string key, KeyMetadata metadata, string? createdBy, DateTimeOffset now) => new()
        {
            Hash = KeyHash.Of(key),
            Name = KeyFormat.Shorten(key),
            Alias = fields.Text("key_alias"),
            UserId = fields.Text("user_id"),
            TeamId = fields.Text("team_id"),
            OrganizationId = fields.Text("organization_id"),
            Models = fields.TextList("models") ?? [],
            BudgetId = fields.Text("budget_id"),
            IsBlocked = fields.Flag("blocked"),
            ExpiresAt = fields.MomentAfter("duration", now),
            Limits = LimitSettings.None.Update(fields, calendar, now),
            Metadata = metadata.Metadata,
            Details = metadata.Details,
            CreatedAt = now,
            UpdatedAt = now,
            CreatedBy = createdBy,
            UpdatedBy = createdBy,
        };
}
