namespace Proxy.Management.Limits;

/// <summary>How a caller stands with its limits after an admission: the scope with the least left of each kind.</summary>
/// <param name="Limit">Null when no scope of the call has such a limit.</param>
/// <param name="Remaining">What is left in the window.</param>
/// <param name="ResetSeconds">Seconds until the oldest use leaves the window and a permit frees.</param>
public readonly record struct RateStanding(long? Limit, long Remaining, double ResetSeconds);

/// <summary>How a key stands with its limits for one model.</summary>
public readonly record struct ModelStanding(string Model, RateStanding Requests, RateStanding Tokens);
