using System.Data.Common;
using Dapper;

namespace Proxy.Logging.Outbox;

/// <summary>The records that were given up, with the answer that refused each.</summary>
internal sealed class DeadLetterStore(IOutboxDatabase database)
{
    private const string Chosen = """
        (@TargetId is null or target_id = @TargetId) and (@Owner is null or owner = @Owner) and (@Id is null or id = @Id) and died_at < @Before
        """;

    private const string ListSql = """
        select d.id as Id, d.target_id as TargetId, t.kind as Kind, t.host as Host, d.owner as Owner, d.created_at as CreatedAt, d.died_at as DiedAt,
            d.answer as Answer, length(d.body) as Bytes
        from dead_letter d
        join log_target t on t.id = d.target_id
        where d.id > @after
        order by d.id
        limit @limit
        """;

    public async Task<IReadOnlyList<DeadLetterRow>> ListAsync(long after, int limit, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        return [.. await connection.QueryAsync<DeadLetterRow>(new CommandDefinition(ListSql, new { after, limit }, cancellationToken: cancellationToken))];
    }

    // A new id, as the old one has been used: a late delete of a sender must not meet it.
    private const string ReviveSql = $"""
        insert into outbox (target_id, created_at, body, owner)
        select target_id, created_at, body, owner
        from dead_letter
        where {Chosen}
        order by id
        """;

    private const string DeleteSql = $"""
        delete from dead_letter
        where {Chosen}
        returning id as Id, target_id as TargetId, length(body) as Bytes
        """;

    /// <summary>Puts them back among those that wait.</summary>
    /// <param name="also">What else is in the transaction, told how many they are.</param>
    public Task<List<RemovedRow>> ReviveAsync(DeadLetterChoice choice, Action<DbConnection, DbTransaction, int>? also, CancellationToken cancellationToken) =>
        RemoveAsync(choice, ReviveSql, also, cancellationToken);

    /// <param name="also">What else is in the transaction, told how many they are.</param>
    public Task<List<RemovedRow>> PurgeAsync(DeadLetterChoice choice, Action<DbConnection, DbTransaction, int>? also, CancellationToken cancellationToken) =>
        RemoveAsync(choice, before: null, also, cancellationToken);

    private async Task<List<RemovedRow>> RemoveAsync(
        DeadLetterChoice choice, string? before, Action<DbConnection, DbTransaction, int>? also, CancellationToken cancellationToken)
    {
        var parameters = new { choice.Id, choice.TargetId, choice.Owner, choice.Before };
        List<RemovedRow> rows = [];
        await database.WriteAsync(
            (connection, transaction) =>
            {
                if (before is not null) connection.Execute(before, parameters, transaction);
                rows = connection.Query<RemovedRow>(DeleteSql, parameters, transaction).ToList();
                also?.Invoke(connection, transaction, rows.Count);
            },
            cancellationToken);
        return rows;
    }
}

/// <summary>Which dead letters; null means whichever.</summary>
internal readonly record struct DeadLetterChoice(long? Id, string? TargetId, string? Owner, long Before);

internal sealed class DeadLetterRow
{
    public long Id { get; init; }

    public required string TargetId { get; init; }

    public required string Kind { get; init; }

    public required string Host { get; init; }

    public string? Owner { get; init; }

    public long CreatedAt { get; init; }

    public long DiedAt { get; init; }

    public required string Answer { get; init; }

    public long Bytes { get; init; }
}
