using System.Data.Common;
using Dapper;

namespace Proxy.Logging.Outbox;

/// <summary>Reads what waits, and removes what was taken or given up.</summary>
internal sealed class OutboxStore(IOutboxDatabase database, OutboxJournal journal, MoveGuard moving, TimeProvider time)
{
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

    /// <summary>Sees to it that the files are gone in which nothing waits any more.</summary>
    public async Task DeleteLeftAsync(CancellationToken cancellationToken)
    {
        await MoveAsync(journal.Backlog.DeleteAtOnce, cancellationToken);
        await LookAfterJournalAsync(cancellationToken);
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
                if (journal.IsUsed) journal.Backlog.Left(rows.Select(row => row.File).OfType<long>());
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

    private async Task MoveAsync(Action move, CancellationToken cancellationToken)
    {
        if (!journal.IsUsed) return;

        await moving.MoveAsync(
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
