using System.Data;
using System.Data.Common;
using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Proxy.Logging.Outbox;

/// <summary>Row by row into SQLite, where a statement costs no way to a server: parsed once, as long as its connection is open.</summary>
/// <remarks>It speaks to SQLite itself. Names of parameters, boxes and <c>returning</c>, for which SQLite makes a table of its own each time, cost more than the insert.</remarks>
internal sealed class OutboxRowInsert : IOutboxInsert
{
    private const int MaxTextOnStack = 512;

    private const string InsertSql = """
        insert into outbox (target_id, created_at, body, owner)
        values (?1, ?2, ?3, ?4)
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

    public void Add(OutboxEntry entry, OutboxPart part, DbTransaction transaction)
    {
        BindText(1, part.Target.Id);
        Check(raw.sqlite3_bind_int64(_statement, 2, entry.CreatedAt));
        Check(raw.sqlite3_bind_blob(_statement, 3, part.Body));
        BindText(4, entry.Owner);
        var result = raw.sqlite3_step(_statement);
        try
        {
            if (result != raw.SQLITE_DONE) SqliteException.ThrowExceptionForRC(result, _database);
        }
        finally
        {
            // The statement outlives the call; a body of up to a megabyte should not.
            _ = raw.sqlite3_reset(_statement);
            _ = raw.sqlite3_bind_null(_statement, 3);
        }

        part.Id = raw.sqlite3_last_insert_rowid(_database);
    }

    public void Flush(DbTransaction transaction)
    {
    }

    public void Forget()
    {
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
