using System.Data.Common;
using Dapper;

namespace Proxy.Logging.Outbox;

/// <summary>The records that were given up, with the answer that refused each.</summary>
internal sealed class DeadLetterStore(IOutboxDatabase database, OutboxJournal journal)
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

    private const string CountSql = $"""
        select count(*)
        from dead_letter
        where {Chosen}
        """;

    // Where a journal is, too, ids come from its count.
    private const string ReviveNumberedSql = $"""
        insert into outbox (id, target_id, created_at, body, owner)
        select @First + row_number() over (order by id) - 1, target_id, created_at, body, owner
        from dead_letter
        where {Chosen}
        """;

    private const string DeleteSql = $"""
        delete from dead_letter
        where {Chosen}
        returning id as Id, target_id as TargetId, length(body) as Bytes
        """;

    /// <summary>Puts them back among those that wait.</summary>
    /// <param name="also">What else is in the transaction, told how many they are.</param>
    public Task<List<RemovedRow>> ReviveAsync(DeadLetterChoice choice, Action<DbConnection, DbTransaction, int>? also, CancellationToken cancellationToken) =>
        RemoveAsync(choice, Revive, also, cancellationToken);

    /// <param name="also">What else is in the transaction, told how many they are.</param>
    public Task<List<RemovedRow>> PurgeAsync(DeadLetterChoice choice, Action<DbConnection, DbTransaction, int>? also, CancellationToken cancellationToken) =>
        RemoveAsync(choice, before: null, also, cancellationToken);

    private async Task<List<RemovedRow>> RemoveAsync(
        DeadLetterChoice choice, Action<DbConnection, DbTransaction, DeadLetterChoice>? before, Action<DbConnection, DbTransaction, int>? also, CancellationToken cancellationToken)
    {
        List<RemovedRow> rows = [];
        await database.WriteAsync(
            (connection, transaction) =>
            {
                before?.Invoke(connection, transaction, choice);
                rows = connection.Query<RemovedRow>(DeleteSql, ParametersOf(choice), transaction).ToList();
                also?.Invoke(connection, transaction, rows.Count);
            },
            cancellationToken);
        return rows;
    }

    private void Revive(DbConnection connection, DbTransaction transaction, DeadLetterChoice choice)
    {
        if (!journal.IsUsed)
        {
            connection.Execute(ReviveSql, ParametersOf(choice), transaction);
            return;
        }

        journal.Begin(transaction);
        var first = journal.Reserve(connection.ExecuteScalar<int>(CountSql, ParametersOf(choice), transaction));
        connection.Execute(ReviveNumberedSql, ParametersOf(choice, first), transaction);
        journal.Flush(transaction);
    }

    private static object ParametersOf(DeadLetterChoice choice, long first = 0) => new { choice.Id, choice.TargetId, choice.Owner, choice.Before, First = first };
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
