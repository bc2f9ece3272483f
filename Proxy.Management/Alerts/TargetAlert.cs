namespace Proxy.Management.Alerts;

/// <summary>A log target that takes no records until somebody mends it.</summary>
public sealed record TargetAlert
{
    /// <summary>How many teams are named; of the others there is the number.</summary>
    public const int MaxTeams = 10;

    /// <summary>Stands alone instead of teams, where the target is that of all who have none of their own.</summary>
    public const string Global = "global";

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

    /// <summary>Unix milliseconds.</summary>
    public long Since { get; init; }

    /// <summary>How many records wait for it; null when that is not known.</summary>
    public long? Waiting { get; init; }

    /// <summary>Ids of teams that log there, as far as they are known. The first of them are told.</summary>
    public IReadOnlyList<string> Teams { get; init; } = [];
}
