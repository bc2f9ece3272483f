using System.Data.Common;
using System.Runtime.CompilerServices;
using Dapper;

namespace Proxy.Logging.Outbox;

/// <summary>Reads what waits, and removes what was taken or given up.</summary>
internal sealed class OutboxStore(IOutboxDatabase database, OutboxJournal journal, TimeProvider time) : IDisposable
{
    private readonly MoveGuard _moving = new();

    private const string TargetColumns = """
        t.id as Id, t.kind as Kind, t.host as Host, t.public_key as PublicKey, t.secret_protected as SecretProtected, t.options as Options,
        t.is_trusted as IsTrusted
        """;

    // One look into the index for each target. As a join, or with exists, PostgreSQL may read all rows instead.
    private const string TargetsSql = $"""
        select {TargetColumns}
        from log_target t
        where (select o.id from outbox o where o.target_id = t.id order by o.id limit 1) is not null
        """;

    /// <summary>The targets that rows wait for.</summary>
    public Task<IReadOnlyList<TargetRow>> ListWaitingTargetsAsync(CancellationToken cancellationToken) =>
        QueryAsync<TargetRow>(TargetsSql, null, cancellationToken);

    private const string FindTargetSql = $"""
        select {TargetColumns}
        from log_target t
        where t.id = @id
        """;

    public async Task<TargetRow?> FindTargetAsync(string id, CancellationToken cancellationToken) =>
        (await QueryAsync<TargetRow>(FindTargetSql, new { id }, cancellationToken)).SingleOrDefault();

    private const string BacklogSql = $"""
        select {TargetColumns}, coalesce(w.waiting, 0) as Waiting, o.created_at as OldestAt, coalesce(d.dead, 0) as DeadLetters
        from log_target t
        left join (select target_id, count(*) as waiting, min(id) as first from outbox group by target_id) w on w.target_id = t.id
        left join outbox o on o.id = w.first
        left join (select target_id, count(*) as dead from dead_letter group by target_id) d on d.target_id = t.id
        """;

    /// <summary>All targets that were ever written to, with what waits for them.</summary>
    public Task<IReadOnlyList<TargetRow>> ListTargetsAsync(CancellationToken cancellationToken) => _moving.CountAsync(
        async () =>
        {
            var journaled = journal.CountByTarget();
            var rows = await QueryAsync<TargetRow>(BacklogSql, null, cancellationToken);
            foreach (var row in rows)
            {
                if (!journaled.TryGetValue(row.Id, out var here)) continue;

                row.Waiting += here.Count;
                row.OldestAt = Math.Min(row.OldestAt ?? long.MaxValue, here.OldestAt);
            }

            return rows;
        },
        cancellationToken);

    private const string LastIdSql = "select coalesce(max(id), 0) from outbox";

    /// <returns>0 when there is no row.</returns>
    public async Task<long> FindLastIdAsync(CancellationToken cancellationToken) =>
        (await QueryAsync<long>(LastIdSql, null, cancellationToken)).Single();

    // The length is taken inside, where no body need be read for it.
    private const string SliceSql = """
        select target_id as TargetId, count(*) as Rows, sum(bytes) as Bytes, max(id) as LastId
        from (select id, target_id, length(body) as bytes from outbox where id > @after and id <= @last order by id limit @limit) s
        group by target_id
        """;

    /// <summary>Counts the next rows, at most <paramref name="limit"/> of them.</summary>
    public Task<IReadOnlyList<CountedRows>> CountSliceAsync(long after, long last, int limit, CancellationToken cancellationToken) =>
        QueryAsync<CountedRows>(SliceSql, new { after, last, limit }, cancellationToken);

    private const string BytesSql = "select coalesce(sum(length(body)), 0) from outbox";

    public Task<long> CountBytesAsync(CancellationToken cancellationToken) =>
        _moving.CountAsync(async () => journal.Bytes + (await QueryAsync<long>(BytesSql, null, cancellationToken)).Single(), cancellationToken);

    // Always from the first row: with several writers an id may be committed after a higher one, so nothing can be remembered as passed.
    private const string ReadSql = """
        select id, body, owner
        from outbox
        where target_id = @targetId
        order by id
        limit @limit
        """;

    public async IAsyncEnumerable<OutboxRow> ReadAsync(
        string targetId, int limit, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        await using var reader = await connection.ExecuteReaderAsync(
            new CommandDefinition(ReadSql, new { targetId, limit }, cancellationToken: cancellationToken));
        while (await reader.ReadAsync(cancellationToken))
            yield return new(reader.GetInt64(0), reader.GetFieldValue<byte[]>(1), reader.IsDBNull(2) ? null : reader.GetString(2));
    }

    // Numbers of our own, written out: the engines have no way in common to pass a list.
    private static string DeleteSql(IEnumerable<long> ids) => $"""
        delete from outbox
        where id in ({string.Join(',', ids)})
        """;

    /// <returns>How many of them were still there: some may have been purged while they were under way.</returns>
    public Task<int> DeleteAsync(IReadOnlyList<long> ids, CancellationToken cancellationToken) => ids.Count == 0
        ? Task.FromResult(0)
        : WriteAsync(
            (connection, transaction) =>
            {
                var others = journal.Take(ids);
                return ids.Count - others.Count + (others.Count == 0 ? 0 : connection.Execute(DeleteSql(others), transaction: transaction));
            },
            cancellationToken);

    /// <summary>Sees to it that all rows of a target are in the table, and that those which follow go there, until the target is admitted to the journal again.</summary>
    public Task MoveToTableAsync(string targetId, CancellationToken cancellationToken) => MoveAsync(() => journal.MoveTarget(targetId), cancellationToken);

    /// <summary>Sees to it that all rows are in the table and nothing of them in files.</summary>
    public async Task MoveToTableAsync(CancellationToken cancellationToken)
    {
        await MoveAsync(journal.MoveAll, cancellationToken);
        await LookAfterJournalAsync(cancellationToken);
    }

    /// <summary>Opens the journal, puts what an earlier run left there into the table, and what has been there for long.</summary>
    public async Task LookAfterJournalAsync(CancellationToken cancellationToken)
    {
        await MoveAsync(static () => { }, cancellationToken);
        await journal.Deleting.WaitAsync(cancellationToken);
    }

    private const string BurySql = """
        insert into dead_letter (id, target_id, created_at, body, owner, answer, died_at)
        select id, target_id, created_at, body, owner, @answer, @now
        from outbox
        where id = @id
        """;

    public Task<int> BuryAsync(long id, string answer, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        return WriteAsync(
            (connection, transaction) =>
            {
                journal.MoveOne(id);
                connection.Execute(BurySql, new { id, answer, now }, transaction);
                return connection.Execute(DeleteSql([id]), transaction: transaction);
            },
            cancellationToken);
    }

    private const string OwnedSql = """
        select id
        from outbox
        where owner = @owner and target_id = @targetId
        limit @limit
        """;

    private const string OldestSql = """
        select id as Id, created_at as CreatedAt
        from outbox
        order by id
        limit @limit
        """;

    private static string RemoveSql(IEnumerable<long> ids) => $"""
        {DeleteSql(ids)}
        returning id as Id, target_id as TargetId, length(body) as Bytes
        """;

    /// <summary>Removes an owner's rows, at most <paramref name="limit"/> of them: a long write would hold up every call.</summary>
    public async Task<IReadOnlyList<RemovedRow>> RemoveOwnedAsync(string owner, string targetId, int limit, CancellationToken cancellationToken) =>
        await RemoveAsync(await QueryAsync<long>(OwnedSql, new { owner, targetId, limit }, cancellationToken), cancellationToken);

    /// <summary>Removes the rows that lead the outbox and are too old, at most <paramref name="limit"/> of them.</summary>
    public async Task<IReadOnlyList<RemovedRow>> RemoveOldestAsync(long before, int limit, CancellationToken cancellationToken)
    {
        var oldest = await QueryAsync<RowAge>(OldestSql, new { limit }, cancellationToken);
        return await RemoveAsync([.. oldest.TakeWhile(row => row.CreatedAt < before).Select(row => row.Id)], cancellationToken);
    }

    private async Task<IReadOnlyList<RemovedRow>> RemoveAsync(IReadOnlyList<long> ids, CancellationToken cancellationToken) => ids.Count == 0
        ? []
        : await WriteAsync((connection, transaction) => connection.Query<RemovedRow>(
                new CommandDefinition(RemoveSql(ids), transaction: transaction, flags: CommandFlags.Buffered | CommandFlags.NoCache)).ToList(), cancellationToken);

    private async Task<IReadOnlyList<T>> QueryAsync<T>(string sql, object? parameters, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        return [.. await connection.QueryAsync<T>(new CommandDefinition(sql, parameters, cancellationToken: cancellationToken))];
    }

    private async Task<T> WriteAsync<T>(Func<DbConnection, DbTransaction, T> work, CancellationToken cancellationToken)
    {
        T result = default!;
        await database.WriteAsync(
            (connection, transaction) =>
            {
                journal.Begin(transaction);
                result = work(connection, transaction);
                journal.Flush(transaction);
            },
            cancellationToken);
        return result;
    }

    public void Dispose() => _moving.Dispose();

    private async Task MoveAsync(Action move, CancellationToken cancellationToken)
    {
        if (!journal.IsUsed) return;

        await _moving.MoveAsync(
            () => WriteAsync(
                (_, _) =>
                {
                    move();
                    return true;
                },
                cancellationToken),
            cancellationToken);
    }
}
