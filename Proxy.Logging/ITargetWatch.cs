using Proxy.Logging.Records;

namespace Proxy.Logging;

/// <summary>Is told how log targets are, by their senders, whom it must not hold up.</summary>
public interface ITargetWatch
{
    /// <summary>The target takes nothing until somebody mends it. Said at each attempt, which is every minute.</summary>
    void Parked(ParkedTarget parked);

    /// <summary>The target has taken records. Said for each batch.</summary>
    void Answered(string targetId);
}

/// <summary>A target that somebody must mend.</summary>
/// <param name="Id">As <see cref="TargetReport"/> has it.</param>
/// <param name="Target">Null where its secret cannot be read.</param>
/// <param name="Reason">Such as <c>401</c> or <c>bad certificate</c>.</param>
/// <param name="Since">When this reason came up.</param>
/// <param name="Waiting">How many records wait for it; null until those of earlier runs are counted.</param>
public sealed record ParkedTarget(string Id, LogTarget? Target, string Reason, DateTimeOffset Since, long? Waiting);
