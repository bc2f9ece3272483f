using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Proxy.Management.Storage.Sqlite;

/// <summary>
/// Brings what the write-ahead log holds into the database file, on a thread of its own: it waits for the disk twice, and a commit that does so keeps all calls
/// that end meanwhile.
/// </summary>
/// <remarks>
/// <para>The log begins anew only when nothing is in it that was not copied, and while calls are made something always is. So the thread copies the bulk, then what was
/// written meanwhile, and the rest, which is little, the writer copies itself between two of its transactions.</para>
/// <para>The thread never begins to copy unless there is something to copy: the writer wakes it after a commit that wrote pages, both times. Then the log cannot begin anew
/// before the thread is done. SQLite before 3.51.3 loses commits when a log begins anew under one who has just begun to copy nothing (https://sqlite.org/wal.html#walresetbug).</para>
/// </remarks>
internal sealed class SqliteCheckpointer : IDisposable
{
    /// <summary>How long the log gets: 16 MB, so that a page which is used again and again is copied once.</summary>
    public const int MaxPages = 4_000;

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
        /// <summary>The writer writes until there is enough.</summary>
        Filling,

        /// <summary>The thread copies the bulk.</summary>
        Copying,

        /// <summary>The writer has to commit once more, so that there is something to copy.</summary>
        Copied,

        /// <summary>The thread copies what was written meanwhile.</summary>
        CopyingAgain,

        /// <summary>The writer copies the rest.</summary>
        Finishing,
    }

    /// <summary>Called by the writer before each of its transactions.</summary>
    public void Beginning()
    {
        if (_turn == Turn.Finishing)
        {
            // A log that did not begin anew, since somebody reads an old state, is tried again before it is filled.
            _pages = Copy(_writer) is var (pages, copied) && pages >= 0 && pages == copied && pages < 2 * MaxPages ? 0 : MaxPages - PagesBetweenAttempts;
            _turn = Turn.Filling;
        }

        // What a transaction wrote that was rolled back is nothing to copy.
        _ = TakeWritten();
    }

    /// <summary>Called by the writer after each of its commits.</summary>
    public void Committed()
    {
        var written = TakeWritten();
        _pages += written;
        if (written == 0) return;

        if (_turn == Turn.Filling && _pages >= MaxPages) Wake(Turn.Copying);
        else if (_turn == Turn.Copied) Wake(Turn.CopyingAgain);
    }

    public void Dispose()
    {
        _isClosed = true;
        _wake.Release();
        _thread.Join();
        _connection.Dispose();
        _wake.Dispose();
    }

    private void Wake(Turn turn)
    {
        _turn = turn;
        _wake.Release();
    }

    private void Loop()
    {
        while (true)
        {
            _wake.Wait();
            if (_isClosed) return;

            _ = Copy(_connection.Handle!);
            _turn = _turn == Turn.Copying ? Turn.Copied : Turn.Finishing;
        }
    }

    /// <returns>How many pages of the log the transaction wrote.</returns>
    private int TakeWritten()
    {
        raw.sqlite3_db_status(_writer, raw.SQLITE_DBSTATUS_CACHE_WRITE, out var written, out _, 1);
        return written;
    }

    /// <remarks>A disk that cannot be written is told of by the commits.</remarks>
    /// <returns>How many pages the log has, and how many of them are copied.</returns>
    private static (int Pages, int Copied) Copy(sqlite3 database)
    {
        raw.sqlite3_wal_checkpoint_v2(database, "main", raw.SQLITE_CHECKPOINT_PASSIVE, out var pages, out var copied);
        return (pages, copied);
    }
}
