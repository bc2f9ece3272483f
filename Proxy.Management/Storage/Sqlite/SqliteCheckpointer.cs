using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Proxy.Management.Storage.Sqlite;

/// <summary>
/// Brings what the write-ahead log holds into the database file, on a thread of its own: it waits for the disk twice, and a commit that does so keeps all calls
/// that end meanwhile.
/// </summary>
/// <remarks>
/// The log begins anew only when nothing is in it that was not copied, and while calls are made something always is. So the thread copies the bulk, and what was
/// written since, which is little, the writer copies itself between two of its transactions.
/// </remarks>
internal sealed class SqliteCheckpointer : IDisposable
{
    // 16 MB: a page that is used again and again is copied once.
    private const int MaxPages = 4_000;

    // After an attempt that somebody who reads an old state kept from copying all.
    private const int PagesBetweenAttempts = 1_000;

    private readonly sqlite3 _writer;
    private readonly SqliteConnection _connection;
    private readonly SemaphoreSlim _wake = new(0);
    private readonly Thread _thread;

    // By the writer alone.
    private long _pages;

    // Who it is to: the writer until it has enough, then the thread, then the writer for the rest.
    private volatile Turn _turn = Turn.Filling;
    private volatile bool _isClosed;

    /// <param name="writer">The connection that writes, which does not copy by itself from now on.</param>
    /// <param name="connection">One to copy with; it is disposed of with this.</param>
    public SqliteCheckpointer(SqliteConnection writer, SqliteConnection connection)
    {
        (_writer, _connection) = (writer.Handle!, connection);
        raw.sqlite3_wal_autocheckpoint(_writer, 0);
        _thread = new Thread(Loop) { IsBackground = true, Name = "checkpointer" };
        _thread.Start();
    }

    private enum Turn
    {
        Filling,
        Copying,
        Finishing,
    }

    /// <summary>Called by the writer after each of its commits.</summary>
    public void Committed()
    {
        raw.sqlite3_db_status(_writer, raw.SQLITE_DBSTATUS_CACHE_WRITE, out var written, out _, 1);
        _pages += written;
        if (_turn != Turn.Filling || _pages < MaxPages) return;

        _turn = Turn.Copying;
        _wake.Release();
    }

    /// <summary>Called by the writer while it has no transaction.</summary>
    public void Finish()
    {
        if (_turn != Turn.Finishing) return;

        _pages = TryCopy(_writer) ? 0 : MaxPages - PagesBetweenAttempts;
        _turn = Turn.Filling;
    }

    public void Dispose()
    {
        _isClosed = true;
        _wake.Release();
        _thread.Join();
        _connection.Dispose();
        _wake.Dispose();
    }

    private void Loop()
    {
        while (true)
        {
            _wake.Wait();
            if (_isClosed) return;

            // The second time what was written during the first.
            TryCopy(_connection.Handle!);
            TryCopy(_connection.Handle!);
            _turn = Turn.Finishing;
        }
    }

    /// <remarks>A disk that cannot be written is told of by the commits.</remarks>
    /// <returns>Whether nothing is left to copy.</returns>
    private static bool TryCopy(sqlite3 database) =>
        raw.sqlite3_wal_checkpoint_v2(database, "main", raw.SQLITE_CHECKPOINT_PASSIVE, out var pages, out var copied) == raw.SQLITE_OK && pages == copied;
}
