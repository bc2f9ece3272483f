using System.Data;
using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Proxy.Logging.Outbox;

/// <summary>Row by row into SQLite, where a statement costs no way to a server: parsed once, as long as its connection is open.</summary>
/// <remarks>It speaks to SQLite itself. Names of parameters, boxes and <c>returning</c>, for which SQLite makes a table of its own each time, cost more than the insert.</remarks>
internal sealed class OutboxRowInsert
{
    private const int MaxTextOnStack = 512;

    private const string InsertSql = """
        insert into outbox (id, target_id, created_at, body, owner)
        values (?1, ?2, ?3, ?4, ?5)
        """;

    private readonly sqlite3 _database;
    private readonly sqlite3_stmt _statement;

    public OutboxRowInsert(SqliteConnection connection)
    {
        _database = connection.Handle!;
        Check(raw.sqlite3_prepare_v3(_database, InsertSql, raw.SQLITE_PREPARE_PERSISTENT, out _statement));

        // The file stays open until the last statement of its connection is gone.
        connection.StateChange += (_, change) =>
        {
            if (change.CurrentState == ConnectionState.Closed) _statement.Dispose();
        };
    }

    public void Insert(long id, string targetId, long createdAt, ReadOnlySpan<byte> body, string? owner)
    {
        Check(raw.sqlite3_bind_int64(_statement, 1, id));
        BindText(2, targetId);
        Check(raw.sqlite3_bind_int64(_statement, 3, createdAt));
        Check(raw.sqlite3_bind_blob(_statement, 4, body));
        BindText(5, owner);
        var result = raw.sqlite3_step(_statement);
        try
        {
            if (result != raw.SQLITE_DONE) SqliteException.ThrowExceptionForRC(result, _database);
        }
        finally
        {
            // The statement outlives the call; a body of up to a megabyte should not.
            _ = raw.sqlite3_reset(_statement);
            _ = raw.sqlite3_bind_null(_statement, 4);
        }
    }

    private void BindText(int index, string? value)
    {
        if (value is null)
        {
            Check(raw.sqlite3_bind_null(_statement, index));
        }
        else if (value.Length is 0 or > MaxTextOnStack / 3)
        {
            // The other overload would take an empty text for null.
            Check(raw.sqlite3_bind_text(_statement, index, value));
        }
        else
        {
            Span<byte> utf8 = stackalloc byte[MaxTextOnStack];
            Check(raw.sqlite3_bind_text(_statement, index, utf8[..Encoding.UTF8.GetBytes(value, utf8)]));
        }
    }

    private void Check(int result) => SqliteException.ThrowExceptionForRC(result, _database);
}
