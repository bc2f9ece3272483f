using Microsoft.Data.Sqlite;

namespace Proxy.Logging.Outbox;

/// <summary>Row by row into SQLite, where a statement costs no way to a server.</summary>
/// <remarks>No <c>returning</c>, for which SQLite makes a table of its own each time.</remarks>
internal sealed class OutboxRowInsert(SqliteConnection connection)
{
    private const string InsertSql = """
        insert into outbox (id, target_id, created_at, body, owner)
        values (?1, ?2, ?3, ?4, ?5)
        """;

    private readonly PreparedStatement _insert = new(connection, InsertSql);

    public void Insert(long id, string targetId, long createdAt, ReadOnlySpan<byte> body, string? owner)
    {
        _insert.Bind(1, id);
        _insert.Bind(2, targetId);
        _insert.Bind(3, createdAt);
        _insert.Bind(4, body);
        _insert.Bind(5, owner);
        _insert.Run();
    }
}
