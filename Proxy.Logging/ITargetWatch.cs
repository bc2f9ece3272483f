namespace Proxy.Logging;

/// <summary>Is told how log targets are, by their senders, whom it must not hold up.</summary>
public interface ITargetWatch
{
    /// <summary>The target takes nothing until somebody mends it. Said at each attempt, which is every minute.</summary>
    void Parked(ParkedTarget target);

    /// <summary>The target has taken records. Said for each batch.</summary>
    void Answered(string targetId);
}

/// <summary>A target that somebody must mend.</summary>
/// <param name="Id">As <see cref="TargetReport"/> has it.</param>
/// <param name="Kind">Null, as host and name, where its secret cannot be read.</param>
/// <param name="Host">With its port, where it is not the usual one.</param>
/// <param name="Name">The public key of a project, or the like.</param>
/// <param name="Reason">Such as <c>401</c> or <c>bad certificate</c>.</param>
/// <param name="Since">When this reason came up.</param>
public sealed record ParkedTarget(string Id, string? Kind, string? Host, string? Name, string Reason, DateTimeOffset Since);
