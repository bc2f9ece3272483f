namespace Proxy.Management.Budgets;

/// <summary>What is known of a call before it is sent: what is reserved for it, and in whose name.</summary>
/// <param name="Model">The model, after aliases.</param>
/// <param name="Cost">Dollars; an estimate.</param>
/// <param name="Tokens">An estimate, input and output.</param>
/// <param name="CustomerId">Who uses the application that calls; null when that is not said.</param>
/// <param name="Tags">The call's tags, those of its key and team included.</param>
public readonly record struct CallEstimate(string Model, decimal Cost, long Tokens, string? CustomerId, IReadOnlyList<string> Tags);
