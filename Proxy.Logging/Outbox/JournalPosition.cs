using System.Data;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Proxy.Logging.Outbox;

/// <summary>From the first file of the journal to the end of the last one. What was written beyond belongs to no transaction that was committed.</summary>
internal readonly record struct JournalPosition(long First, long Segment, long Length, long NextId);

/// <summary>The row that holds the position. It is written with the rows of the ledger, so both are committed or neither is.</summary>
/// <remarks>Touched by the writer's thread only, twice in each commit: parsed once, as long as its connection is open.</remarks>
internal sealed class JournalRow
{
    private const string ReadSql = """
        select first_segment, segment, length, next_id
        from outbox_journal
        where id = 1
        """;

    private const string WriteSql = """
        insert or replace into outbox_journal (id, first_segment, segment, length, next_id)
        values (1, ?1, ?2, ?3, ?4)
        """;

    private readonly sqlite3 _database;
    private readonly sqlite3_stmt _read;
    private readonly sqlite3_stmt _write;

    public JournalRow(SqliteConnection connection)
    {
        Connection = connection;
        _database = connection.Handle!;
        Check(raw.sqlite3_prepare_v3(_database, ReadSql, raw.SQLITE_PREPARE_PERSISTENT, out _read));
        Check(raw.sqlite3_prepare_v3(_database, WriteSql, raw.SQLITE_PREPARE_PERSISTENT, out _write));

        // The file stays open until the last statement of its connection is gone.
        connection.StateChange += (_, change) =>
        {
            if (change.CurrentState != ConnectionState.Closed) return;

            _read.Dispose();
            _write.Dispose();
        };
    }

    public SqliteConnection Connection { get; }

    /// <returns>Null when there has never been a journal.</returns>
    public JournalPosition? Read()
    {
        var result = raw.sqlite3_step(_read);
        try
        {
            if (result == raw.SQLITE_DONE) return null;
            if (result != raw.SQLITE_ROW) Check(result);
            return new(Column(0), Column(1), Column(2), Column(3));
        }
        finally
        {
            _ = raw.sqlite3_reset(_read);
        }

        long Column(int index) => raw.sqlite3_column_int64(_read, index);
    }

    public void Write(JournalPosition position)
    {
        Check(raw.sqlite3_bind_int64(_write, 1, position.First));
        Check(raw.sqlite3_bind_int64(_write, 2, position.Segment));
        Check(raw.sqlite3_bind_int64(_write, 3, position.Length));
        Check(raw.sqlite3_bind_int64(_write, 4, position.NextId));
        var result = raw.sqlite3_step(_write);
        _ = raw.sqlite3_reset(_write);
        if (result != raw.SQLITE_DONE) Check(result);
    }

    private void Check(int result) => SqliteException.ThrowExceptionForRC(result, _database);
}
