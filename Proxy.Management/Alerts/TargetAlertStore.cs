using System.Data.Common;
using Dapper;
using Proxy.Management.Storage;

namespace Proxy.Management.Alerts;

/// <summary>The rows of log targets that need repair. Writes take the transaction of the commit queue.</summary>
internal sealed class TargetAlertStore(Database database)
{
    private const int MaxAtOnce = 100;

    private const string RaiseSql = """
        insert into target_alert (target_id, kind, host, name, reason, since, is_open, raised_at, delivered_at, attempts)
        values (@TargetId, @Kind, @Host, @Name, @Reason, @Since, 1, @RaisedAt, @DeliveredAt, 0)
        on conflict (target_id) do update
        set kind = excluded.kind, host = excluded.host, name = excluded.name, reason = excluded.reason, since = excluded.since, is_open = 1,
            raised_at = excluded.raised_at, delivered_at = excluded.delivered_at, attempts = 0
        where target_alert.raised_at <= case when target_alert.is_open = 1 then @openBefore else @closedBefore end
        """;

    private const string CloseSql = """
        update target_alert
        set is_open = 0
        where target_id = @targetId
        """;

    private const string FindSql = """
        select target_id as TargetId, is_open as IsOpen, raised_at as RaisedAt
        from target_alert
        """;

    private const string WaitingSql = """
        select target_id as TargetId, kind as Kind, host as Host, name as Name, reason as Reason, since as Since, raised_at as RaisedAt, attempts as Attempts
        from target_alert
        where delivered_at is null
        order by raised_at
        limit @limit
        """;

    // Another alert of the same target may have come meanwhile, which was not tried.
    private const string TriedSql = """
        update target_alert
        set attempts = attempts + 1, delivered_at = @deliveredAt
        where target_id = @TargetId and raised_at = @RaisedAt
        """;

    public async Task<IReadOnlyList<TargetParking>> ListAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        return [.. await connection.QueryAsync<TargetParking>(new CommandDefinition(FindSql, cancellationToken: cancellationToken))];
    }

    public async Task<IReadOnlyList<TargetAlert>> ListWaitingAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        return [.. await connection.QueryAsync<TargetAlert>(new CommandDefinition(WaitingSql, new { limit = MaxAtOnce }, cancellationToken: cancellationToken))];
    }

    /// <param name="openBefore">A parking that still lasts is told again when it was told before this.</param>
    /// <param name="closedBefore">A new parking is told when the last one was told before this.</param>
    /// <returns>What was told last of the target, and whether it is this alert.</returns>
    public static (TargetParking Told, bool IsNew) Raise(DbConnection connection, DbTransaction transaction, TargetAlert alert, long openBefore, long closedBefore)
    {
        var isNew = connection.Execute(
            RaiseSql,
            new { alert.TargetId, alert.Kind, alert.Host, alert.Name, alert.Reason, alert.Since, alert.RaisedAt, alert.DeliveredAt, openBefore, closedBefore },
            transaction) == 1;
        return (connection.QuerySingle<TargetParking>($"{FindSql} where target_id = @TargetId", new { alert.TargetId }, transaction), isNew);
    }

    public static void Close(DbConnection connection, DbTransaction transaction, string targetId) => connection.Execute(CloseSql, new { targetId }, transaction);

    /// <param name="deliveredAt">Null when it waits for another attempt.</param>
    public static void SetTried(DbConnection connection, DbTransaction transaction, TargetAlert alert, DateTimeOffset? deliveredAt) => connection.Execute(
        TriedSql,
        new { alert.TargetId, alert.RaisedAt, deliveredAt = deliveredAt?.ToUnixTimeMilliseconds() },
        transaction);
}

/// <summary>What was told last of a target. Times are Unix milliseconds.</summary>
internal sealed record TargetParking
{
    public required string TargetId { get; init; }

    /// <summary>1 until the target takes records again.</summary>
    public long IsOpen { get; init; }

    public long RaisedAt { get; init; }
}
