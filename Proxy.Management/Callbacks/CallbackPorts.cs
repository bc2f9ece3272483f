using System.Text.Json.Nodes;
using Proxy.Management.Keys;
using Proxy.Management.Teams;

namespace Proxy.Management.Callbacks;

/// <summary>What the callbacks come to once everything is known that stands over and under them. The host knows; this room only asks.</summary>
public interface ILogging
{
    /// <summary>Where calls of a team's keys are logged, and how: level, callbacks, redaction. Without a secret.</summary>
    JsonObject EffectOf(TeamIdentity team);

    /// <summary>Where calls of a key are logged, and how.</summary>
    JsonObject EffectOf(KeyIdentity key, TeamIdentity? team);

    /// <summary>Where calls of a key go: its callbacks, or its team's, or the gateway's. None when logging is disabled.</summary>
    IReadOnlyList<TeamCallback> CallbacksOf(KeyIdentity key, TeamIdentity? team);

    /// <summary>Sends a test record by the way of all records.</summary>
    Task<CallbackTest> TestAsync(TeamCallback callback, CancellationToken cancellationToken);

    /// <summary>Forgets what is still to be sent of a team that wants it no more.</summary>
    /// <returns>How many records.</returns>
    Task<long> PurgeAsync(string teamId, CancellationToken cancellationToken);
}

/// <summary>What came of a test.</summary>
/// <param name="IsHealthy">Whether the record was taken.</param>
/// <param name="Details">A sentence without secrets.</param>
public sealed record CallbackTest(bool IsHealthy, string Details)
{
    /// <summary>Whether the target answered.</summary>
    public bool IsReached { get; init; }

    /// <summary>Null when nothing says so.</summary>
    public bool? AreCredentialsAccepted { get; init; }
}
