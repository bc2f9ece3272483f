using System.Text.Json;
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
    /// <summary>Fields that stand in the metadata too, because clients look for them there.</summary>
    public static readonly string[] BelongToMetadata = ["model_tpm_limit", "model_rpm_limit", "guardrails", "tags"];

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
        new("budget_id", DetailShape.Text),
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

    public static (KeyRequest? Request, ProxyError? Error) Read(FieldReader fields, BudgetCalendar calendar, string? createdBy, DateTimeOffset now)
    {
        var key = ReadKey(fields);
        var metadata = fields.Object("metadata");
        var details = DetailField.Read(fields, Details);
        var spend = fields.Dollars("spend") ?? 0;
        var identity = ReadIdentity(fields, calendar, key, metadata, details, createdBy, now);
        if (fields.Error is { } fault) return (null, fault);

        var (callbacks, refusal) = CallbackRules.ReadMetadata(metadata);
        return refusal is null
            ? (new KeyRequest(key, new KeyRecord(identity with { Callbacks = callbacks }, spend)), null)
            : (null, refusal);
    }

    /// <returns>Nothing that could be logged by accident.</returns>
    public override string ToString() => Record.Identity.ToString();

    private static string ReadKey(FieldReader fields)
    {
        if (fields.Text("key") is not { } chosen) return KeyFormat.Create();
        if (KeyFormat.IsAcceptable(chosen)) return chosen;

        fields.FaultInValue(
            "key",
            "Invalid key format. LiteLLM Virtual Key must start with 'sk-'. It must have 8 to 256 characters, all of them printable ASCII and none a space.");
        return KeyFormat.Create();
    }

    private static KeyIdentity ReadIdentity(
        FieldReader fields, BudgetCalendar calendar, string key, JsonElement? metadata, string details, string? createdBy, DateTimeOffset now) => new()
        {
            Hash = KeyHash.Of(key),
            Name = KeyFormat.Shorten(key),
            Alias = fields.Text("key_alias"),
            UserId = fields.Text("user_id"),
            TeamId = fields.Text("team_id"),
            OrganizationId = fields.Text("organization_id"),
            Models = fields.TextList("models") ?? [],
            IsBlocked = fields.Flag("blocked"),
            ExpiresAt = fields.MomentAfter("duration", now),
            Limits = LimitSettings.None.Update(fields, calendar, now),
            Metadata = DetailField.Metadata(metadata, details, BelongToMetadata),
            Details = details,
            CreatedAt = now,
            UpdatedAt = now,
            CreatedBy = createdBy,
            UpdatedBy = createdBy,
        };
}
