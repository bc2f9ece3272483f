using System.Security.Cryptography;
using System.Text;
using Proxy.Host.Failover;
using Proxy.Logging.Records;

namespace Proxy.Host.Recording;

/// <summary>Tells the attempts of a call to its log.</summary>
internal static class AttemptLog
{
    private const int SpanIdBytes = 8;

    /// <returns>Each attempt, with ids that follow from the call's; null when one attempt did it.</returns>
    public static IReadOnlyList<CompletionAttempt>? Of(IReadOnlyList<Attempt> attempts, string callId) => IsPlain(attempts)
        ? null
        : [.. attempts.Select((attempt, index) => new CompletionAttempt(
            SpanId(callId, index), attempt.ModelId, attempt.StartedAt, attempt.EndedAt, attempt.UpstreamModel, attempt.Deployment.Provider,
            attempt.Failure?.Error.Status, attempt.Failure?.Error.Message))];

    private static bool IsPlain(IReadOnlyList<Attempt> attempts) => attempts.Count == 0 || (attempts.Count == 1 && attempts[0].Failure is null);

    private static string SpanId(string callId, int index) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{callId}-attempt-{index + 1}")).AsSpan(0, SpanIdBytes));
}
