using System.Runtime.CompilerServices;
using Dapper;
using Proxy.Logging.Records;

namespace Proxy.Logging.Outbox;

/// <summary>Reads what waits for a target, in the order of its ids, wherever it is but in the journal.</summary>
internal static class OutboxReading
{
    // Always from the first row: with several writers an id may be committed after a higher one, so nothing can be remembered as passed.
    private const string ReadSql = """
        select id, created_at, owner, body
        from outbox
        where target_id = @targetId
        order by id
        limit @limit
        """;

    // Both parts come in the order of an index, and so are merged while they are read.
    private const string ReadAllSql = """
        select id, created_at, owner, body, null, null, null, null, null
        from outbox
        where target_id = @targetId
        union all
        select id, created_at, owner, null, row_count, bytes, file, place, length
        from outbox_chunk
        where target_id = @targetId
        order by id
        limit @limit
        """;

    /// <summary>Reads the rows of a target, from the oldest on. A body is valid until the next row is read.</summary>
    /// <returns>At least <paramref name="limit"/> rows, if there are as many: what stands together is one to it.</returns>
    public static async IAsyncEnumerable<OutboxRow> ReadAsync(
        IOutboxDatabase database, string targetId, int limit, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        await using var reader = await connection.ExecuteReaderAsync(
            new CommandDefinition(database.Journal is null ? ReadSql : ReadAllSql, new { targetId, limit }, cancellationToken: cancellationToken));
        PooledBuffer? room = null;
        try
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                var (id, createdAt, owner) = (reader.GetInt64(0), reader.GetInt64(1), reader.IsDBNull(2) ? null : reader.GetString(2));
                if (!reader.IsDBNull(3))
                {
                    yield return new(id, createdAt, owner, reader.GetFieldValue<byte[]>(3));
                    continue;
                }

                var chunk = new OutboxChunk
                {
                    Id = id,
                    RowCount = reader.GetInt64(4),
                    TargetId = targetId,
                    Owner = owner,
                    CreatedAt = createdAt,
                    Bytes = reader.GetInt64(5),
                    File = reader.GetInt64(6),
                    Place = reader.GetInt64(7),
                    Length = reader.GetInt64(8),
                };
                var group = (chunk.RowCount, chunk.Bytes);
                foreach (var row in chunk.Read(database.Journal!, room ??= new((int)chunk.Length, CallMemory.Requests)))
                {
                    yield return row with { Group = group };
                    group = default;
                }
            }
        }
        finally
        {
            room?.Return();
        }
    }
}
