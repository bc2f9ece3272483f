using Proxy.Management.Access;
using Proxy.Management.Organizations;
using Proxy.Management.Storage;

namespace Proxy.Management.Budgets;

/// <summary>What a scope may use: its limits, and what changes them for a while.</summary>
public sealed record AccountTerms : LimitSettings
{
    internal static readonly new AccountTerms None = new();

    private long? _maxBudgetPicos;

    public AccountTerms()
    {
    }

    public AccountTerms(LimitSettings limits)
        : base(limits)
    {
    }

    /// <summary>Dollars on top of the budget until <see cref="IncreaseEndsAt"/>.</summary>
    public decimal? Increase { get; init; }

    public DateTimeOffset? IncreaseEndsAt { get; init; }

    /// <summary>Lets nothing through.</summary>
    public bool IsBlocked { get; init; }

    /// <summary>What a user is; others have none.</summary>
    public Role Role { get; init; }

    /// <summary>What a user is in which organisation.</summary>
    internal IReadOnlyDictionary<string, string> Organizations { get; init; } = OrganizationMemberships.None;

    /// <summary>The models that a user or an organisation may use.</summary>
    internal ModelList Models { get; init; } = ModelList.All;

    /// <summary>These terms, and where there is none, that of others. A period ends for whoever has it.</summary>
    internal AccountTerms Or(AccountTerms others) => this with
    {
        MaxBudget = MaxBudget ?? others.MaxBudget,
        BudgetDuration = BudgetDuration ?? others.BudgetDuration,
        TpmLimit = TpmLimit ?? others.TpmLimit,
        RpmLimit = RpmLimit ?? others.RpmLimit,
        _maxBudgetPicos = null,
    };

    /// <summary>Whether the same sums are allowed and told of.</summary>
    internal bool HasBudgetOf(AccountTerms other) =>
        (MaxBudget, SoftBudget, Increase, IncreaseEndsAt) == (other.MaxBudget, other.SoftBudget, other.Increase, other.IncreaseEndsAt);

    internal long? MaxBudgetPicosAt(DateTimeOffset now) => MaxBudget is not { } budget ? null
        : Increase is { } increase && now < IncreaseEndsAt ? Money.ToPico(Math.Min(budget + increase, Money.Max))
        : _maxBudgetPicos ??= Money.ToPico(budget);
}
