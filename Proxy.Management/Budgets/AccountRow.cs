using System.Text.Json;
using Proxy.Management.Access;
using Proxy.Management.Organizations;
using Proxy.Management.Storage;

namespace Proxy.Management.Budgets;

/// <summary>An account as the columns hold it, beside the terms of the budget that it shares.</summary>
internal sealed record AccountRow : LimitRow
{
    /// <summary>The detail of a user that says what they are.</summary>
    public const string RoleField = "user_role";

    public required string Kind { get; init; }
    public required string Id { get; init; }
    public string? Alias { get; init; }

    /// <summary>A JSON object with the fields that are kept but not read.</summary>
    public string Details { get; init; } = "{}";

    public string? BudgetId { get; init; }
    public long IsBlocked { get; init; }
    public long Spend { get; init; }
    public long CreatedAt { get; init; }
    public long UpdatedAt { get; init; }
    public string? CreatedBy { get; init; }
    public string? UpdatedBy { get; init; }
    public long? SharedMaxBudget { get; init; }
    public long? SharedSoftBudget { get; init; }
    public string? SharedBudgetDuration { get; init; }
    public long? SharedMaxParallelRequests { get; init; }
    public long? SharedTpmLimit { get; init; }
    public long? SharedRpmLimit { get; init; }

    public AccountId AccountId => new(KindOf(Kind), Id);

    /// <summary>Its own terms, and where it has none those of the budget that it shares.</summary>
    public AccountTerms ToTerms() => new()
    {
        MaxBudget = Columns.ToDollars(MaxBudget ?? SharedMaxBudget),
        SoftBudget = Columns.ToDollars(SoftBudget ?? SharedSoftBudget),
        BudgetDuration = BudgetDuration ?? SharedBudgetDuration,
        BudgetResetAt = Columns.ToMoment(BudgetResetAt),
        MaxParallelRequests = MaxParallelRequests ?? SharedMaxParallelRequests,
        TpmLimit = TpmLimit ?? SharedTpmLimit,
        RpmLimit = RpmLimit ?? SharedRpmLimit,
        IsBlocked = IsBlocked != 0,
        Models = ReadModels(),
        Role = ReadRole(),
        Organizations = AccountId.Kind == AccountKind.User ? OrganizationMemberships.Read(Details) : OrganizationMemberships.None,
    };

    private ModelList ReadModels()
    {
        if (AccountId.Kind is not (AccountKind.User or AccountKind.Organization) || !Details.Contains("\"models\"", StringComparison.Ordinal)) return ModelList.All;

        using var document = JsonDocument.Parse(Details);
        return document.RootElement.TryGetProperty("models", out var models) && models.ValueKind == JsonValueKind.Array
            ? new ModelList([.. models.EnumerateArray().Where(model => model.ValueKind == JsonValueKind.String).Select(model => model.GetString()!)])
            : ModelList.All;
    }

    private Role ReadRole()
    {
        if (AccountId.Kind != AccountKind.User || !Details.Contains(RoleField, StringComparison.Ordinal)) return Role.None;

        using var document = JsonDocument.Parse(Details);
        return document.RootElement.TryGetProperty(RoleField, out var role) && role.ValueKind == JsonValueKind.String ? RoleNames.Find(role.GetString()) : Role.None;
    }

    public static AccountKind KindOf(string scope) => Enum.GetValues<AccountKind>().First(kind => new AccountId(kind, "").Scope == scope);
}
