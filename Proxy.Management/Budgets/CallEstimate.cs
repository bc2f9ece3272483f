namespace Proxy.Management.Budgets;

/// <summary>What is known of a call before it is sent: what is reserved for it, and in whose name.</summary>
/// <param name="Models">Every name of the model, the one that is asked for first: what is stated for one of them holds for the call.</param>
/// <param name="Cost">Dollars; the most that it may come to, as far as that is known.</param>
/// <param name="Tokens">What it usually comes to, input and output.</param>
/// <param name="CustomerId">Who uses the application that calls; null when that is not said.</param>
/// <param name="Tags">The call's tags, those of its key and team included.</param>
public readonly record struct CallEstimate(IReadOnlyList<string> Models, decimal Cost, long Tokens, string? CustomerId, IReadOnlyList<string> Tags)
{
    /// <summary>How long it may wait for what other calls hold.</summary>
    public TimeSpan? Patience { get; init; }

    /// <summary>It is a part of a call that has its slot and was counted as a request: what it holds is money and tokens.</summary>
    public bool IsPart { get; init; }
}
