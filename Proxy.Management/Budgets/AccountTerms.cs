using Proxy.Management.Access;
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

    internal long? MaxBudgetPicosAt(DateTimeOffset now) => MaxBudget is not { } budget ? null
        : Increase is { } increase && now < IncreaseEndsAt ? Money.ToPico(Math.Min(budget + increase, Money.Max))
        : _maxBudgetPicos ??= Money.ToPico(budget);
}
