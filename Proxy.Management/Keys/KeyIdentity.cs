using Proxy.Management.Access;
using Proxy.Management.Budgets;
using Proxy.Management.Callbacks;

namespace Proxy.Management.Keys;

/// <summary>A key's row as it was read. Immutable.</summary>
public sealed record KeyIdentity
{
    private CallSettings? _settings;

    /// <summary>The hash of its first secret, by which calls, accounts and logs know it for good.</summary>
    public required KeyHash Hash { get; init; }

    /// <summary>The hash of its present secret; a new key has its first one.</summary>
    public KeyHash Secret
    {
        get => field == default ? Hash : field;
        init;
    }

    /// <summary><c>sk-...</c> and the last four characters.</summary>
    public required string Name { get; init; }

    public string? Alias { get; init; }

    public string? UserId { get; init; }

    public string? TeamId { get; init; }

    public string? OrganizationId { get; init; }

    /// <summary>Empty means all.</summary>
    public required IReadOnlyList<string> Models
    {
        get => ModelList.Models;
        init => ModelList = new ModelList(value);
    }

    /// <summary>Null when nobody ever said.</summary>
    public bool? IsBlocked { get; init; }

    public LimitSettings Limits { get; init; } = LimitSettings.None;

    /// <summary>The row of the budget table whose terms hold where the key states none of its own.</summary>
    public string? BudgetId { get; init; }

    /// <summary>The budget was made for this key alone, and holds its soft budget.</summary>
    public bool OwnsBudget { get; init; }

    /// <summary>Null means never.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>A JSON object without secrets: callbacks are kept apart.</summary>
    public string Metadata
    {
        get;
        init => (field, _settings) = (value, null);
    } = "{}";

    /// <summary>A JSON object with the fields that are kept but not read.</summary>
    public string Details
    {
        get;
        init => (field, _settings) = (value, null);
    } = "{}";

    /// <summary>Where this key's calls are logged instead of where its team's are; empty means as the team's.</summary>
    public IReadOnlyList<TeamCallback> Callbacks { get; init; } = [];

    /// <summary>The key has callbacks that cannot be decrypted: nothing of its calls may leave.</summary>
    public bool IsLoggingDisabled { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }

    public string? CreatedBy { get; init; }

    public string? UpdatedBy { get; init; }

    /// <summary>What the key may use.</summary>
    internal AccountTerms Terms => new(Limits.Or(Budget?.ToLimits()))
    {
        Increase = TemporaryIncrease.Read(Metadata).Amount,
        IncreaseEndsAt = TemporaryIncrease.Read(Metadata).EndsAt,
    };

    /// <summary>The budget that <see cref="BudgetId"/> names, as it was read with the row.</summary>
    internal SharedBudget? Budget { get; init; }

    internal CallSettings Settings => _settings ??= CallSettings.Read(Details, Metadata);

    internal ModelList ModelList { get; private init; } = new([]);

    /// <summary>A row to try changes on.</summary>
    internal static KeyIdentity Blank { get; } = new() { Hash = default, Name = "", Models = [], CreatedAt = default, UpdatedAt = default };

    /// <returns>The shortened name alone: this may end up in a log line.</returns>
    public override string ToString() => $"key {Name}";
}
