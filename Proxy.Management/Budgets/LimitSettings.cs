using Proxy.Management.Bodies;

namespace Proxy.Management.Budgets;

/// <summary>The budget and the limits that keys, teams and accounts are given. Null stands for no limit.</summary>
public record LimitSettings
{
    internal static readonly LimitSettings None = new();

    /// <summary>Dollars in a period; passed when reached.</summary>
    public decimal? MaxBudget { get; init; }

    /// <summary>Dollars at which an alert goes out; calls pass.</summary>
    public decimal? SoftBudget { get; init; }

    /// <summary>How often the spend goes back to zero, as clients write it.</summary>
    public string? BudgetDuration { get; init; }

    public DateTimeOffset? BudgetResetAt { get; init; }

    public long? MaxParallelRequests { get; init; }

    /// <summary>Tokens within 60 seconds.</summary>
    public long? TpmLimit { get; init; }

    /// <summary>Calls within 60 seconds.</summary>
    public long? RpmLimit { get; init; }

    /// <summary>These limits, and where there is none, that of a budget which is shared. A period begins and ends with whoever has it.</summary>
    internal LimitSettings Or(LimitSettings? shared) => shared is null ? this : this with
    {
        MaxBudget = MaxBudget ?? shared.MaxBudget,
        SoftBudget = SoftBudget ?? shared.SoftBudget,
        BudgetDuration = BudgetDuration ?? shared.BudgetDuration,
        MaxParallelRequests = MaxParallelRequests ?? shared.MaxParallelRequests,
        TpmLimit = TpmLimit ?? shared.TpmLimit,
        RpmLimit = RpmLimit ?? shared.RpmLimit,
    };

    /// <summary>The limits after a body: what is stated applies, null clears, what is absent stays. Faults are left with the reader.</summary>
    internal LimitSettings Update(FieldReader fields, BudgetCalendar calendar, DateTimeOffset now) => new()
    {
        MaxBudget = fields.Stated("max_budget", MaxBudget, fields.Dollars),
        SoftBudget = fields.Stated("soft_budget", SoftBudget, fields.Dollars),
        BudgetDuration = fields.Stated("budget_duration", BudgetDuration, name => fields.Text(name)),
        BudgetResetAt = fields.Stated("budget_duration", BudgetResetAt, name => fields.ResetAfter(name, now, calendar)),
        MaxParallelRequests = fields.Stated("max_parallel_requests", MaxParallelRequests, fields.Count),
        TpmLimit = fields.Stated("tpm_limit", TpmLimit, fields.Count),
        RpmLimit = fields.Stated("rpm_limit", RpmLimit, fields.Count),
    };
}
