namespace Proxy.Management.Alerts;

/// <summary>A log target that takes no records until somebody mends it. Times are Unix milliseconds.</summary>
public sealed record TargetAlert
{
    /// <summary>As <c>GET /logging/targets</c> names it.</summary>
    public required string TargetId { get; init; }

    /// <summary>Such as <c>langfuse</c>; null, as the next two, where the target cannot be read.</summary>
    public string? Kind { get; init; }

    /// <summary>The host and, where it is not the usual one, its port.</summary>
    public string? Host { get; init; }

    /// <summary>The project's public key, the bucket, or what else tells it from others at the host. No secret.</summary>
    public string? Name { get; init; }

    /// <summary>Such as <c>401</c> or <c>bad certificate</c>.</summary>
    public required string Reason { get; init; }

    public long Since { get; init; }

    internal long RaisedAt { get; init; }

    /// <summary>When the webhook took it; null while it waits for one.</summary>
    internal long? DeliveredAt { get; init; }

    internal long Attempts { get; init; }
}
