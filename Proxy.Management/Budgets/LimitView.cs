namespace Proxy.Management.Budgets;

/// <summary>The limits as answers show them, beside whatever has them.</summary>
internal abstract record LimitView
{
    protected LimitView(LimitSettings limits)
    {
        MaxBudget = limits.MaxBudget;
        SoftBudget = limits.SoftBudget;
        BudgetDuration = limits.BudgetDuration;
        BudgetResetAt = limits.BudgetResetAt;
        MaxParallelRequests = limits.MaxParallelRequests;
        TpmLimit = limits.TpmLimit;
        RpmLimit = limits.RpmLimit;
    }

    public decimal? MaxBudget { get; }
    public decimal? SoftBudget { get; }
    public string? BudgetDuration { get; }
    public DateTimeOffset? BudgetResetAt { get; }
    public long? MaxParallelRequests { get; }
    public long? TpmLimit { get; }
    public long? RpmLimit { get; }
}
