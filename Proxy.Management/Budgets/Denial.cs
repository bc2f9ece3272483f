namespace Proxy.Management.Budgets;

internal enum DenialReason
{
    None,

    /// <summary>The account has left memory; its successor decides.</summary>
    Gone,
    Blocked,
    Budget,
    Requests,
    Tokens,
    ParallelRequests,
}

/// <summary>Why a scope does not let a call in, with the figures of that moment.</summary>
/// <param name="Account">The scope.</param>
/// <param name="Reason">Which of its limits.</param>
/// <param name="Limit">The limit; picodollars of a budget.</param>
/// <param name="Used">What is used of it.</param>
/// <param name="Reserved">What calls under way hold of a budget.</param>
/// <param name="Asked">What this call would hold of it.</param>
/// <param name="Wait">How long until a permit frees; null when time alone does not free one.</param>
/// <param name="ResetAt">When the budget begins anew; null for never.</param>
internal readonly record struct Denial(
    Account Account, DenialReason Reason, long Limit, long Used, long Reserved = 0, long Asked = 0, TimeSpan? Wait = null, DateTimeOffset? ResetAt = null)
{
    /// <summary>The budget is not spent: the call fits once others have ended and cost less than they hold.</summary>
    public bool IsHeld => Reason == DenialReason.Budget && Used < Limit;

    /// <summary>No time that can be told ends it.</summary>
    public bool IsForGood => Lasts == TimeSpan.MaxValue;

    private TimeSpan Lasts => IsHeld ? TimeSpan.Zero
        : Reason == DenialReason.ParallelRequests && Limit > 0 ? TimeSpan.FromTicks(1)
        : Wait ?? TimeSpan.MaxValue;

    public bool Outlasts(in Denial other) => Reason != DenialReason.None && (other.Reason == DenialReason.None || Lasts > other.Lasts);
}
