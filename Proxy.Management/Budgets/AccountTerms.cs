using Proxy.Management.Storage;

namespace Proxy.Management.Budgets;

/// <summary>What a scope may use. Null stands for no limit.</summary>
public sealed record AccountTerms
{
    internal static readonly AccountTerms None = new();

    /// <summary>Dollars in a period; passed when reached.</summary>
    public decimal? MaxBudget { get; init; }

    /// <summary>Dollars at which an alert goes out; calls pass.</summary>
    public decimal? SoftBudget { get; init; }

    /// <summary>How often the spend goes back to zero, as clients write it.</summary>
    public string? BudgetDuration { get; init; }

    public DateTimeOffset? BudgetResetAt { get; init; }

    /// <summary>Dollars on top of the budget until <see cref="IncreaseEndsAt"/>.</summary>
    public decimal? Increase { get; init; }

    public DateTimeOffset? IncreaseEndsAt { get; init; }

    public long? MaxParallelRequests { get; init; }

    /// <summary>Tokens within 60 seconds.</summary>
    public long? TpmLimit { get; init; }

    /// <summary>Calls within 60 seconds.</summary>
    public long? RpmLimit { get; init; }

    /// <summary>Lets nothing through.</summary>
    public bool IsBlocked { get; init; }

    internal long? MaxBudgetPicosAt(DateTimeOffset now) => MaxBudget is not { } budget ? null
        : Increase is { } increase && now < IncreaseEndsAt ? Money.ToPico(Math.Min(budget + increase, Money.Max))
        : _maxBudgetPicos ??= Money.ToPico(budget);

    private long? _maxBudgetPicos;
}
