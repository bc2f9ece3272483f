using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Proxy.Management.Storage.Sqlite;

/// <summary>A statement that is parsed once and run many times, in whichever transaction is open on its connection.</summary>
/// <remarks>It speaks to SQLite itself: the parameters of an ADO.NET command are looked up by name and boxed on every run, which costs more
/// than the insert. Budget: no allocation for a run.</remarks>
internal sealed class SqliteStatement : IDisposable
{
    private const int MaxTextOnStack = 512;

    private readonly sqlite3 _database;
    private readonly sqlite3_stmt _statement;
    private int _index;

    /// <param name="connection">The one that writes; it outlives the statement.</param>
    /// <param name="sql">With parameters <c>?1</c>, <c>?2</c> … that are bound in this order.</param>
    public SqliteStatement(SqliteConnection connection, string sql)
    {
        _database = connection.Handle!;
        Check(raw.sqlite3_prepare_v3(_database, sql, raw.SQLITE_PREPARE_PERSISTENT, out _statement));
    }

    public void Bind(long value) => Check(raw.sqlite3_bind_int64(_statement, ++_index, value));

    public void Bind(long? value)
    {
        if (value is { } number) Bind(number);
        else BindNull();
    }

    public void Bind(bool value) => Bind(value ? 1L : 0L);

    public void Bind(ReadOnlySpan<byte> value) => Check(value.IsEmpty
        ? raw.sqlite3_bind_zeroblob(_statement, ++_index, 0) // the other call would take it for null
        : raw.sqlite3_bind_blob(_statement, ++_index, value));

    public void Bind(string? value)
    {
        if (value is null)
        {
            BindNull();
        }
        else if (value.Length == 0 || value.Length > MaxTextOnStack / 3)
        {
            // The other overload would take an empty text for null.
            Check(raw.sqlite3_bind_text(_statement, ++_index, value));
        }
        else
        {
            Span<byte> utf8 = stackalloc byte[MaxTextOnStack];
            Check(raw.sqlite3_bind_text(_statement, ++_index, utf8[..Encoding.UTF8.GetBytes(value, utf8)]));
        }
    }

    public void BindNull() => Check(raw.sqlite3_bind_null(_statement, ++_index));

    /// <summary>Runs with what was bound since the last run; every parameter must have been.</summary>
    public void Run()
    {
        _index = 0;
        var result = raw.sqlite3_step(_statement);
        try
        {
            if (result != raw.SQLITE_DONE) SqliteException.ThrowExceptionForRC(result, _database);
        }
        finally
        {
            _ = raw.sqlite3_reset(_statement);
        }
    }

    public void Dispose() => _statement.Dispose();

    private void Check(int result)
    {
        if (result == raw.SQLITE_OK) return;

        _index = 0;
        SqliteException.ThrowExceptionForRC(result, _database);
    }
}
