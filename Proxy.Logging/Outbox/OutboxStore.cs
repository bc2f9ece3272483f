using System.Runtime.CompilerServices;
using Dapper;

namespace Proxy.Logging.Outbox;

/// <summary>Reads what waits, and removes what was taken or given up.</summary>
internal sealed class OutboxStore(IOutboxDatabase database, TimeProvider time)
{
    private const string TargetsSql = """
        select t.id as Id, t.host as Host, t.public_key as PublicKey, t.secret_protected as SecretProtected, w.waiting as Waiting
        from (select target_id, count(*) as waiting from outbox group by target_id) w
        join log_target t on t.id = w.target_id
        """;

    public async Task<IReadOnlyList<TargetRow>> ListWaitingTargetsAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        return [.. await connection.QueryAsync<TargetRow>(new CommandDefinition(TargetsSql, cancellationToken: cancellationToken))];
    }

    private const string FindTargetSql = """
        select id as Id, host as Host, public_key as PublicKey, secret_protected as SecretProtected, 0 as Waiting
        from log_target
        where id = @id
        """;

    public async Task<TargetRow?> FindTargetAsync(string id, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<TargetRow>(
            new CommandDefinition(FindTargetSql, new { id }, cancellationToken: cancellationToken));
    }

    // Always from the first row: with several writers an id may be committed after a higher one, so nothing can be remembered as passed.
    private const string ReadSql = """
        select id, body
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
            yield return new(reader.GetInt64(0), reader.GetFieldValue<byte[]>(1));
    }

    private const string DeleteSql = """
        delete from outbox
        where id in @ids
        """;

    public Task DeleteAsync(IReadOnlyList<long> ids, CancellationToken cancellationToken) => database.WriteAsync(
        (connection, transaction) => connection.Execute(DeleteSql, new { ids }, transaction), cancellationToken);

    private const string BurySql = """
        insert into dead_letter (id, target_id, created_at, body, answer, died_at)
        select id, target_id, created_at, body, @answer, @now
        from outbox
        where id = @id
        """;

    public Task BuryAsync(long id, string answer, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        return database.WriteAsync(
            (connection, transaction) =>
            {
                connection.Execute(BurySql, new { id, answer, now }, transaction);
                connection.Execute(DeleteSql, new { ids = new[] { id } }, transaction);
            },
            cancellationToken);
    }
}

internal readonly record struct OutboxRow(long Id, byte[] Body);

internal sealed class TargetRow
{
    public required string Id { get; init; }

    public required string Host { get; init; }

    public required string PublicKey { get; init; }

    public required string SecretProtected { get; init; }

    public long Waiting { get; init; }
}
