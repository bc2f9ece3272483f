using System.Data.Common;
using Dapper;
using Proxy.Management.Storage;

namespace Proxy.Management.Alerts;

/// <summary>The rows of log targets that need repair. Writes take the transaction of the commit queue.</summary>
internal sealed class TargetAlertStore(Database database)
{
    private const int MaxAtOnce = 100;

    // A parking that is told again has begun when it was told first. A recovery that waits stays, unless it is of a parking that nobody was told of.
    private const string RaiseSql = """
        insert into target_alert (
            target_id, kind, host, name, reason, since, waiting, teams, more_teams, is_open, is_told, raised_at, delivered_at, attempts)
        values (@TargetId, @Kind, @Host, @Name, @Reason, @Since, @Waiting, @Teams, @MoreTeams, 1, @IsTold, @RaisedAt, @DeliveredAt, 0)
        on conflict (target_id) do update
        set kind = excluded.kind, host = excluded.host, name = excluded.name, reason = excluded.reason,
            since = case when target_alert.is_open = 1 then target_alert.since else excluded.since end,
            waiting = excluded.waiting, teams = excluded.teams, more_teams = excluded.more_teams, is_open = 1,
            is_told = case when target_alert.is_open = 1 and target_alert.is_told = 1 then 1 else excluded.is_told end,
            raised_at = excluded.raised_at, delivered_at = excluded.delivered_at, attempts = 0,
            recovered_at = case when target_alert.is_open = 1 or target_alert.is_told = 1 then target_alert.recovered_at end
        where target_alert.raised_at <= case when target_alert.is_open = 1 then @openBefore else @closedBefore end
        """;

    private const string CloseSql = """
        update target_alert
        set is_open = 0, recovered_at = @RecoveredAt, lasted = @Lasted, recovery_attempts = 0
        where target_id = @TargetId
        """;

    private const string SelectSql = """
        select target_id as TargetId, kind as Kind, host as Host, name as Name, reason as Reason, since as Since, waiting as Waiting,
            teams as Teams, more_teams as MoreTeams, is_open as IsOpen, is_told as IsTold, raised_at as RaisedAt, delivered_at as DeliveredAt,
            attempts as Attempts, recovered_at as RecoveredAt, lasted as Lasted, recovery_attempts as RecoveryAttempts
        from target_alert

        """;

    private const string FindSql = SelectSql + "where target_id = @targetId";

    private const string WaitingSql = SelectSql + """
        where delivered_at is null or recovered_at is not null
        order by raised_at
        limit @limit
        """;

    // Another alert of the same target may have come meanwhile, which was not tried.
    private const string ParkingTriedSql = """
        update target_alert
        set attempts = attempts + 1, delivered_at = @doneAt, is_told = case when @isTold = 1 then 1 else is_told end,
            recovered_at = case when @isGivenUp = 1 and is_told = 0 and is_open = 0 then null else recovered_at end
        where target_id = @TargetId and raised_at = @RaisedAt
        """;

    private const string RecoveryTriedSql = """
        update target_alert
        set recovery_attempts = recovery_attempts + 1, recovered_at = case when @isDone = 1 then null else recovered_at end
        where target_id = @TargetId and recovered_at = @RecoveredAt
        """;

    public async Task<IReadOnlyList<TargetAlertRow>> ListAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenApartAsync(cancellationToken);
        return [.. await connection.QueryAsync<TargetAlertRow>(new CommandDefinition(SelectSql, cancellationToken: cancellationToken))];
    }

    public async Task<IReadOnlyList<TargetAlertRow>> ListWaitingAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenApartAsync(cancellationToken);
        return [.. await connection.QueryAsync<TargetAlertRow>(new CommandDefinition(WaitingSql, new { limit = MaxAtOnce }, cancellationToken: cancellationToken))];
    }

    public static TargetAlertRow? Find(DbConnection connection, DbTransaction transaction, string targetId) =>
        connection.QuerySingleOrDefault<TargetAlertRow>(FindSql, new { targetId }, transaction);

    /// <param name="openBefore">A parking that still lasts is told again when it was told before this.</param>
    /// <param name="closedBefore">A new parking is told when the last one was told before this.</param>
    /// <returns>What is told of the target, and whether it is this alert.</returns>
    public static (TargetAlertRow Row, bool IsNew) Raise(DbConnection connection, DbTransaction transaction, TargetAlertRow row, long openBefore, long closedBefore)
    {
        var parameters = new DynamicParameters(row);
        parameters.AddDynamicParams(new { openBefore, closedBefore });
        var isNew = connection.Execute(RaiseSql, parameters, transaction) == 1;
        return (Find(connection, transaction, row.TargetId)!, isNew);
    }

    public static void Close(DbConnection connection, DbTransaction transaction, TargetAlertRow row) =>
        connection.Execute(CloseSql, new { row.TargetId, row.RecoveredAt, row.Lasted }, transaction);

    /// <param name="doneAt">When it was taken or given up.</param>
    public static void SetTried(DbConnection connection, DbTransaction transaction, TargetAlertRow row, TargetNews news, AlertAttempt attempt, long doneAt)
    {
        var (isTold, isGivenUp) = (attempt == AlertAttempt.Delivered ? 1 : 0, attempt == AlertAttempt.GivenUp ? 1 : 0);
        if (news == TargetNews.Recovered)
            connection.Execute(RecoveryTriedSql, new { row.TargetId, row.RecoveredAt, isDone = isTold + isGivenUp }, transaction);
        else
            connection.Execute(
                ParkingTriedSql, new { row.TargetId, row.RaisedAt, doneAt = attempt == AlertAttempt.Waits ? (long?)null : doneAt, isTold, isGivenUp }, transaction);
    }
}
