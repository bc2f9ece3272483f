using System.Text.Json.Nodes;

namespace Proxy.Management.Alerts;

/// <summary>What is told of a log target, as its row holds it: the last parking, and the recovery that a webhook has still to be told of. Times are Unix milliseconds.</summary>
internal sealed record TargetAlertRow
{
    public required string TargetId { get; init; }

    public string? Kind { get; init; }

    public string? Host { get; init; }

    public string? Name { get; init; }

    public required string Reason { get; init; }

    public long Since { get; init; }

    public long? Waiting { get; init; }

    /// <summary>A JSON array of at most <see cref="TargetAlert.MaxTeams"/> ids.</summary>
    public required string Teams { get; init; }

    /// <summary>How many teams are not named.</summary>
    public long MoreTeams { get; init; }

    /// <summary>1 until the target takes records again.</summary>
    public long IsOpen { get; init; }

    /// <summary>1 when mails were written of the parking, or the webhook has taken it.</summary>
    public long IsTold { get; init; }

    public long RaisedAt { get; init; }

    /// <summary>When the webhook took the parking, or it was given up; null while it waits for one.</summary>
    public long? DeliveredAt { get; init; }

    public long Attempts { get; init; }

    /// <summary>When the target took records again; null when the webhook need not be told.</summary>
    public long? RecoveredAt { get; init; }

    /// <summary>How long that parking had lasted, in milliseconds: the row may be of the next one by now.</summary>
    public long Lasted { get; init; }

    public long RecoveryAttempts { get; init; }

    public TargetParking Parking => new(IsOpen == 1, RaisedAt);

    /// <summary>What the webhook has still to be told, in the order in which it happened: what is parked now was parked after the recovery.</summary>
    public IReadOnlyList<TargetNews> Untold => (DeliveredAt is null, RecoveredAt is not null) switch
    {
        (true, true) when IsOpen == 1 => [TargetNews.Recovered, TargetNews.Parked],
        (true, true) => [TargetNews.Parked, TargetNews.Recovered],
        (true, false) => [TargetNews.Parked],
        (false, true) => [TargetNews.Recovered],
        _ => [],
    };

    /// <param name="alert">What has happened.</param>
    /// <param name="now">When it is told.</param>
    /// <param name="isMailed">Mails are written of it.</param>
    /// <param name="isMailAlone">And they are all.</param>
    public static TargetAlertRow Of(TargetAlert alert, long now, bool isMailed, bool isMailAlone) => new()
    {
        TargetId = alert.TargetId,
        Kind = alert.Kind,
        Host = alert.Host,
        Name = alert.Name,
        Reason = alert.Reason,
        Since = alert.Since,
        Waiting = alert.Waiting,
        Teams = new JsonArray([.. alert.Teams.Take(TargetAlert.MaxTeams).Select(team => (JsonNode)team)]).ToJsonString(),
        MoreTeams = Math.Max(0, alert.Teams.Count - TargetAlert.MaxTeams),
        IsOpen = 1,
        IsTold = isMailed ? 1 : 0,
        RaisedAt = now,
        DeliveredAt = isMailAlone ? now : null,
    };

    /// <summary>The target takes records again. Of what nobody was told, and nobody will be, the end is no news either.</summary>
    public TargetAlertRow Close(long now, bool isMailAlone) => this with
    {
        IsOpen = 0,
        RecoveredAt = DeliveredAt is null || (IsTold == 1 && !isMailAlone) ? now : null,
        Lasted = Math.Max(0, now - Since),
        RecoveryAttempts = 0,
    };
}

/// <summary>What was told last of a target, in so far as it decides what is told next.</summary>
internal readonly record struct TargetParking(bool IsOpen, long RaisedAt);

/// <summary>What there is to tell of a target.</summary>
internal enum TargetNews
{
    Parked,
    Recovered,
}
