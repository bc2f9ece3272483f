using Proxy.Host.Failover;

namespace Proxy.Host.Recording;

/// <summary>Tells the attempts of a call to its log, each in a field of its own: a long list would be cut there.</summary>
internal static class AttemptLog
{
    /// <returns>Names and texts; none when one attempt did it.</returns>
    public static IEnumerable<(string Name, string Text)> Of(IReadOnlyList<Attempt> attempts) => attempts.Count == 0 || (attempts.Count == 1 && attempts[0].Failure is null)
        ? []
        : attempts.Select((attempt, index) => ($"attempt_{index + 1}", Text(attempt)));

    private static string Text(Attempt attempt)
    {
        var duration = $"{attempt.ModelId}, {(long)(attempt.EndedAt - attempt.StartedAt).TotalMilliseconds} ms";
        return attempt.Failure is { } failure ? $"{duration}, {failure.Error.Status}: {failure.Error.Message}" : duration;
    }
}
