using Proxy.Management.Storage;

namespace Proxy.Management.Budgets;

/// <summary>The limits of a row as the columns hold them; every table that has limits has them under these names.</summary>
internal record LimitRow
{
    public LimitRow()
    {
    }

    public LimitRow(LimitSettings limits)
    {
        MaxBudget = Columns.FromDollars(limits.MaxBudget);
        SoftBudget = Columns.FromDollars(limits.SoftBudget);
        BudgetDuration = limits.BudgetDuration;
        BudgetResetAt = limits.BudgetResetAt?.ToUnixTimeMilliseconds();
        MaxParallelRequests = limits.MaxParallelRequests;
        TpmLimit = limits.TpmLimit;
        RpmLimit = limits.RpmLimit;
    }

    public long? MaxBudget { get; init; }
    public long? SoftBudget { get; init; }
    public string? BudgetDuration { get; init; }
    public long? BudgetResetAt { get; init; }
    public long? MaxParallelRequests { get; init; }
    public long? TpmLimit { get; init; }
    public long? RpmLimit { get; init; }

    public LimitSettings ToLimits() => new()
    {
        MaxBudget = Columns.ToDollars(MaxBudget),
        SoftBudget = Columns.ToDollars(SoftBudget),
        BudgetDuration = BudgetDuration,
        BudgetResetAt = Columns.ToMoment(BudgetResetAt),
        MaxParallelRequests = MaxParallelRequests,
        TpmLimit = TpmLimit,
        RpmLimit = RpmLimit,
    };
}
