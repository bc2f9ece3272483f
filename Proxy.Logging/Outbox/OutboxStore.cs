using System.Data.Common;
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
            or (select c.id from outbox_chunk c where c.target_id = t.id order by c.id limit 1) is not null
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
        select {TargetColumns}, coalesce(w.waiting, 0) + coalesce(c.waiting, 0) as Waiting,
            case when c.oldest_at < coalesce(o.created_at, c.oldest_at + 1) then c.oldest_at else o.created_at end as OldestAt,
            coalesce(d.dead, 0) as DeadLetters
        from log_target t
        left join (select target_id, count(*) as waiting, min(id) as first from outbox group by target_id) w on w.target_id = t.id
        left join outbox o on o.id = w.first
        left join (
            select target_id, cast(sum(row_count) as bigint) as waiting, min(created_at) as oldest_at from outbox_chunk group by target_id
        ) c on c.target_id = t.id
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

    private const string LastIdSql = """
        select max(id)
        from (
            select coalesce(max(id), 0) as id from outbox
            union all
            select coalesce((select id + row_count - 1 from outbox_chunk order by id desc limit 1), 0)
        ) x
        """;

    /// <returns>0 when there is no row.</returns>
    public async Task<long> FindLastIdAsync(CancellationToken cancellationToken) =>
        (await QueryAsync<long>(LastIdSql, null, cancellationToken)).Single();

    // The length is taken inside, where no body need be read for it. A chunk is counted as a whole.
    private const string SliceSql = """
        select target_id as TargetId, cast(sum(row_count) as bigint) as Rows, cast(sum(bytes) as bigint) as Bytes, max(id + row_count - 1) as LastId
        from (
            select id, target_id, cast(1 as bigint) as row_count, cast(length(body) as bigint) as bytes from outbox where id > @after and id <= @last
            union all
            select id, target_id, row_count, bytes from outbox_chunk where id > @after and id <= @last
            order by id limit @limit
        ) s
        group by target_id
        """;

    /// <summary>Counts the next rows, at most <paramref name="limit"/> places of them.</summary>
    public Task<IReadOnlyList<CountedRows>> CountSliceAsync(long after, long last, int limit, CancellationToken cancellationToken) =>
        QueryAsync<CountedRows>(SliceSql, new { after, last, limit }, cancellationToken);

    private const string BytesSql = """
        select cast((select coalesce(sum(length(body)), 0) from outbox) + (select coalesce(sum(bytes), 0) from outbox_chunk) as bigint)
        """;

    public Task<long> CountBytesAsync(CancellationToken cancellationToken) =>
        _moving.CountAsync(async () => journal.Bytes + (await QueryAsync<long>(BytesSql, null, cancellationToken)).Single(), cancellationToken);

    /// <inheritdoc cref="OutboxReading.ReadAsync"/>
    public IAsyncEnumerable<OutboxRow> ReadAsync(string targetId, int limit, CancellationToken cancellationToken) =>
        OutboxReading.ReadAsync(database, targetId, limit, cancellationToken);

    // Numbers of our own, written out: the engines have no way in common to pass a list.
    private static string DeleteSql(IEnumerable<long> ids) => $"""
        delete from outbox
        where id in ({string.Join(',', ids)})
        """;

    /// <returns>How many of them were still there: some may have been purged while they were under way.</returns>
    public Task<int> DeleteAsync(string targetId, IReadOnlyList<long> ids, CancellationToken cancellationToken) => ids.Count == 0
        ? Task.FromResult(0)
        : WriteAsync(
            (connection, transaction) =>
            {
                var others = journal.Take(ids);
                if (journal.IsUsed) others = journal.Backlog.Take(targetId, others, transaction);
                return ids.Count - others.Count + (others.Count == 0 ? 0 : connection.Execute(DeleteSql(others), transaction: transaction));
            },
            cancellationToken);

    /// <summary>Sees to it that all rows of a target are in the backlog, and that those which follow go there, until the target is admitted to the journal again.</summary>
    public Task MoveToBacklogAsync(string targetId, CancellationToken cancellationToken) => MoveAsync(() => journal.MoveTarget(targetId), cancellationToken);

    /// <summary>Sees to it that all rows are in the backlog.</summary>
    public async Task MoveToBacklogAsync(CancellationToken cancellationToken)
    {
        await MoveAsync(journal.MoveAll, cancellationToken);
        await LookAfterJournalAsync(cancellationToken);
    }

    /// <summary>Opens the journal, puts what an earlier run left there into the backlog, and what has been there for long.</summary>
    public async Task LookAfterJournalAsync(CancellationToken cancellationToken)
    {
        await MoveAsync(static () => { }, cancellationToken);
        await journal.Deleting.WaitAsync(cancellationToken);
    }

    private const string BurySql = """
        insert into dead_letter (id, target_id, created_at, body, owner, answer, died_at)
        select id, target_id, created_at, body, owner, @answer, @now
        from outbox
        where id = @Id and length(body) = @Bytes
        """;

    /// <returns>0 when the row is not there any more, or is not what was read: a file may have gone while it was read, since what was in it had come into the table.</returns>
    public Task<int> BuryAsync(string targetId, StoredRow row, string answer, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        return WriteAsync(
            (connection, transaction) =>
            {
                journal.MoveOne(row.Id);
                if (journal.IsUsed) journal.Backlog.PutIntoTable(targetId, row.Id, transaction);
                return connection.Execute(BurySql, new { row.Id, row.Bytes, answer, now }, transaction) == 0 ? 0 : connection.Execute(DeleteSql([row.Id]), transaction: transaction);
            },
            cancellationToken);
    }

    private const string OwnedSql = """
        select id
        from outbox
        where owner = @owner and target_id = @targetId
        limit @limit
        """;

    private const string OwnedChunksSql = """
        select id
        from outbox_chunk
        where owner = @owner and target_id = @targetId
        limit @limit
        """;

    private const string OldestSql = """
        select id as Id, created_at as CreatedAt
        from outbox
        order by id
        limit @limit
        """;

    private const string OldestChunksSql = """
        select id as Id, created_at as CreatedAt
        from outbox_chunk
        order by id
        limit @limit
        """;

    private static string RemoveSql(IEnumerable<long> ids) => $"""
        {DeleteSql(ids)}
        returning id as Id, target_id as TargetId, length(body) as Bytes
        """;

    private static string RemoveChunksSql(IEnumerable<long> ids) => $"""
        delete from outbox_chunk
        where id in ({string.Join(',', ids)})
        returning id as Id, target_id as TargetId, bytes as Bytes, row_count as Rows, file as File
        """;

    /// <summary>Removes an owner's rows, at most <paramref name="limit"/> places of them: a long write would hold up every call.</summary>
    /// <returns>None when there are none left.</returns>
    public Task<IReadOnlyList<RemovedRow>> RemoveOwnedAsync(string owner, string targetId, int limit, CancellationToken cancellationToken) => RemoveAsync(
        () => QueryAsync<long>(OwnedChunksSql, new { owner, targetId, limit }, cancellationToken),
        () => QueryAsync<long>(OwnedSql, new { owner, targetId, limit }, cancellationToken),
        cancellationToken);

    /// <summary>Removes the rows that lead the outbox and are too old, at most <paramref name="limit"/> places of them.</summary>
    /// <returns>None when there are none left.</returns>
    public Task<IReadOnlyList<RemovedRow>> RemoveOldestAsync(long before, int limit, CancellationToken cancellationToken)
    {
        return RemoveAsync(() => FindOldAsync(OldestChunksSql), () => FindOldAsync(OldestSql), cancellationToken);

        async Task<IReadOnlyList<long>> FindOldAsync(string sql) =>
            [.. (await QueryAsync<RowAge>(sql, new { limit }, cancellationToken)).TakeWhile(row => row.CreatedAt < before).Select(row => row.Id)];
    }

    /// <remarks>Chunks are looked for first: meanwhile one may be put into the table, and never the other way. What was found may have left, which does not mean that there is no more.</remarks>
    private async Task<IReadOnlyList<RemovedRow>> RemoveAsync(
        Func<Task<IReadOnlyList<long>>> findChunks, Func<Task<IReadOnlyList<long>>> findRows, CancellationToken cancellationToken)
    {
        while (true)
        {
            var (chunks, ids) = (await findChunks(), await findRows());
            if (chunks.Count + ids.Count == 0) return [];
            if (await RemoveAsync(ids, chunks, cancellationToken) is { Count: > 0 } rows) return rows;
        }
    }

    private Task<List<RemovedRow>> RemoveAsync(IReadOnlyList<long> ids, IReadOnlyList<long> chunks, CancellationToken cancellationToken)
    {
        return WriteAsync(
            (connection, transaction) =>
            {
                List<RemovedRow> rows = [.. Remove(ids, RemoveSql), .. Remove(chunks, RemoveChunksSql)];
                if (journal.IsUsed)
                {
                    journal.Backlog.Left(rows.Select(row => row.File).OfType<long>());
                    journal.Backlog.DeleteAtOnce();
                }

                return rows;

                IEnumerable<RemovedRow> Remove(IReadOnlyList<long> removed, Func<IEnumerable<long>, string> sql) => removed.Count == 0
                    ? []
                    : connection.Query<RemovedRow>(new CommandDefinition(sql(removed), transaction: transaction, flags: CommandFlags.Buffered | CommandFlags.NoCache));
            },
            cancellationToken);
    }

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
