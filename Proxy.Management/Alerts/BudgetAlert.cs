namespace Proxy.Management.Alerts;

/// <summary>How far a budget is used up, as far as somebody should be told.</summary>
[Flags]
internal enum AlertLevels
{
    None = 0,
    Soft = 1,
    Most = 2,
    All = 4,
}

/// <summary>An alert that was raised, as its row holds it.</summary>
internal sealed record BudgetAlert
{
    public required string Kind { get; init; }
    public required string Id { get; init; }

    /// <summary><c>soft_budget</c>, <c>80_percent</c> or <c>100_percent</c>.</summary>
    public required string Threshold { get; init; }

    /// <summary>When the period ends, in milliseconds; zero for one that does not.</summary>
    public long Period { get; init; }

    public long Spend { get; init; }

    /// <summary>The budget that is meant: the soft one or the real one.</summary>
    public long MaxBudget { get; init; }

    public long RaisedAt { get; init; }

    /// <summary>When the webhook took it; null while it waits for one.</summary>
    public long? DeliveredAt { get; init; }

    public long Attempts { get; init; }
}
