using Dapper;

namespace Proxy.Logging.Outbox;

/// <summary>Says for whom something waits, and how much.</summary>
internal sealed class OutboxSurvey(IOutboxDatabase database, OutboxJournal journal, MoveGuard moving)
{
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
    public Task<IReadOnlyList<TargetRow>> ListTargetsAsync(CancellationToken cancellationToken) => moving.CountAsync(
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
        moving.CountAsync(async () => journal.Bytes + (await QueryAsync<long>(BytesSql, null, cancellationToken)).Single(), cancellationToken);

    private async Task<IReadOnlyList<T>> QueryAsync<T>(string sql, object? parameters, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        return [.. await connection.QueryAsync<T>(new CommandDefinition(sql, parameters, cancellationToken: cancellationToken))];
    }
}
