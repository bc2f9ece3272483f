using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Proxy.Management.Budgets;
using Proxy.Management.Callbacks;
using Proxy.Management.Invitations;

namespace Proxy.Management.Keys;

/// <summary>A key as every answer shows it. The plain key stands only in the answer that made it.</summary>
internal sealed record KeyView : LimitView
{
    private KeyView(LimitSettings limits)
        : base(limits)
    {
    }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Key { get; init; }

    /// <summary>The hash.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Token { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? TokenId { get; init; }

    public required string KeyName { get; init; }
    public required string? KeyAlias { get; init; }
    public required string? UserId { get; init; }
    public required string? TeamId { get; init; }
    public required string? OrganizationId { get; init; }
    public required string? BudgetId { get; init; }
    public required IReadOnlyList<string> Models { get; init; }
    public required decimal Spend { get; init; }
    public bool SoftBudgetCooldown { get; init; }
    public required bool? Blocked { get; init; }
    public required DateTimeOffset? Expires { get; init; }
    public required JsonObject Metadata { get; init; }
    public JsonObject ModelSpend { get; init; } = [];
    public JsonObject? LitellmBudgetTable { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
    public required string? CreatedBy { get; init; }
    public required string? UpdatedBy { get; init; }

    /// <summary>The fields that are kept but not read.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement> Details { get; set; } = [];

    /// <summary>As the answer shows it that made the key or gave it a new secret.</summary>
    public static KeyView WithKey(KeyRecord record, string key) => WithToken(record) with { Key = key, TokenId = record.Identity.Hash.ToString() };

    /// <summary>With what became of an invitation; without one, as it is: answers have that field only where it was asked for.</summary>
    public KeyView With(InvitationView? invitation) => invitation is null ? this : this with
    {
        Details = new(Details) { ["invitation"] = JsonSerializer.SerializeToElement(invitation, KeyJson.Default.InvitationView) },
    };

    /// <summary>With the hash that names it for good.</summary>
    public static KeyView WithToken(KeyRecord record) => Of(record) with { Token = record.Identity.Hash.ToString() };

    public static KeyView Of(KeyRecord record)
    {
        var key = record.Identity;
        var metadata = JsonNode.Parse(key.Metadata)!.AsObject();
        CallbackView.AddTo(metadata, key.Callbacks, key.IsLoggingDisabled);

        var details = JsonSerializer.Deserialize(key.Details, KeyJson.Default.DictionaryStringJsonElement)!;
        details.Remove("budget_id"); // from before it had a column
        return new KeyView(KeyBudget.Open(key).Limits)
        {
            KeyName = key.Name,
            KeyAlias = key.Alias,
            UserId = key.UserId,
            TeamId = key.TeamId,
            OrganizationId = key.OrganizationId,
            BudgetId = key.BudgetId,
            LitellmBudgetTable = key.Budget is null ? null : BudgetEndpoints.Show(key.Budget),
            Models = key.Models,
            Spend = record.Spend,
            Blocked = key.IsBlocked,
            Expires = key.ExpiresAt,
            Metadata = metadata,
            CreatedAt = key.CreatedAt,
            UpdatedAt = key.UpdatedAt,
            CreatedBy = key.CreatedBy,
            UpdatedBy = key.UpdatedBy,
            Details = details,
        };
    }
}

/// <param name="Key">As the caller named it.</param>
/// <param name="Info">The key, without its hash.</param>
/// <param name="EffectiveLogging">Where the key's calls are logged, once everything is known.</param>
internal sealed record KeyInfo(
    string? Key, KeyView Info, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] JsonObject? EffectiveLogging = null);

/// <param name="Keys">As the caller named them.</param>
internal sealed record DeletedKeys([property: JsonPropertyName("deleted_keys")] IReadOnlyList<string> Keys);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(KeyView))]
[JsonSerializable(typeof(KeyInfo))]
[JsonSerializable(typeof(DeletedKeys))]
[JsonSerializable(typeof(InvitationView))]
[JsonSerializable(typeof(Dictionary<string, JsonElement>))]
internal sealed partial class KeyJson : JsonSerializerContext;
