using System.Data;
using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Proxy.Logging.Outbox;

/// <summary>A statement of the hot write, parsed once, as long as its connection is open.</summary>
/// <remarks>It speaks to SQLite itself: names of parameters and boxes cost more than the insert. Touched by the writer's thread only.</remarks>
internal sealed class PreparedStatement
{
    private const int MaxTextOnStack = 512;

    private readonly sqlite3 _database;
    private readonly sqlite3_stmt _statement;

    public PreparedStatement(SqliteConnection connection, string sql)
    {
        _database = connection.Handle!;
        Check(raw.sqlite3_prepare_v3(_database, sql, raw.SQLITE_PREPARE_PERSISTENT, out _statement));

        // The file stays open until the last statement of its connection is gone.
        connection.StateChange += (_, change) =>
        {
            if (change.CurrentState == ConnectionState.Closed) _statement.Dispose();
        };
    }

    public void Bind(int index, long value) => Check(raw.sqlite3_bind_int64(_statement, index, value));

    public void Bind(int index, ReadOnlySpan<byte> value) => Check(raw.sqlite3_bind_blob(_statement, index, value));

    public void Bind(int index, string? value)
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

    /// <summary>Runs it with what was bound.</summary>
    public void Run()
    {
        if (Step()) throw new InvalidOperationException("The statement has rows.");
        Reset();
    }

    /// <returns>Whether there is a row; then <see cref="Reset"/> is to be called.</returns>
    public bool Step()
    {
        var result = raw.sqlite3_step(_statement);
        if (result is raw.SQLITE_ROW or raw.SQLITE_DONE) return result == raw.SQLITE_ROW;

        Reset();
        SqliteException.ThrowExceptionForRC(result, _database);
        return false;
    }

    public long Column(int index) => raw.sqlite3_column_int64(_statement, index);

    /// <summary>Ends a run, and keeps nothing of what was bound: the statement outlives the call, a body of up to a megabyte should not.</summary>
    public void Reset()
    {
        _ = raw.sqlite3_reset(_statement);
        _ = raw.sqlite3_clear_bindings(_statement);
    }

    private void Check(int result) => SqliteException.ThrowExceptionForRC(result, _database);
}
