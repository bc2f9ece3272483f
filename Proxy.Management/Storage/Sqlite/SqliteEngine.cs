using System.Data.Common;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Proxy.Management.Storage.Sqlite;

/// <summary>Rows in a file: one writer, readers beside it.</summary>
internal sealed class SqliteEngine : IDatabaseEngine
{
    private readonly string _path;
    private readonly string _readerString;
    private readonly string _writerString;
    private readonly Synchronous _synchronous;

    public SqliteEngine(string path, Synchronous synchronous)
    {
        (_path, _synchronous) = (path, synchronous);

        // Readers need no pragmas of their own, so that a pooled connection is ready at once.
        _readerString = ConnectionString(SqliteOpenMode.ReadOnly, pooling: true);
        _writerString = ConnectionString(SqliteOpenMode.ReadWriteCreate, pooling: false);
    }

    public string Path => _path;

    public async ValueTask<DbConnection> OpenAsync(CancellationToken cancellationToken)
    {
        var connection = new SqliteConnection(_readerString);
        try
        {
            await connection.OpenAsync(cancellationToken);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    public IDatabaseWriter OpenWriter()
    {
        var file = Lock();
        SqliteConnection? connection = null;
        try
        {
            connection = Open();
            return new SqliteWriter(connection, new SqliteCheckpointer(connection, Open()), file, ReleaseReaders);
        }
        catch
        {
            connection?.Dispose();
            file.Dispose();
            throw;
        }
    }

    public DbConnection OpenForSchema() => Open();

    public DbTransaction BeginSchema(DbConnection connection) => ((SqliteConnection)connection).BeginTransaction(deferred: false);

    public string Translate(string script) => script;

    public void ReleaseReaders()
    {
        using var connection = new SqliteConnection(_readerString);
        SqliteConnection.ClearPool(connection);
    }

    public void Dispose()
    {
        // The writer closes what is pooled.
    }

    /// <summary>Keeps other processes from writing the same database: memory would not see what they change.</summary>
    private FileStream Lock()
    {
        DataFolder.Create(System.IO.Path.GetDirectoryName(_path)!);
        var path = _path + ".lock";
        DataFolder.CreateFile(path);
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException exception)
        {
            throw new IOException($"The database {_path} is in use by another gateway.", exception);
        }
    }

    private SqliteConnection Open()
    {
        DataFolder.Create(System.IO.Path.GetDirectoryName(_path)!);
        DataFolder.CreateFile(_path); // its companions, the log and the index of it, take over its mode

        var connection = new SqliteConnection(_writerString);
        try
        {
            connection.Open();
            if (raw.sqlite3_db_readonly(connection.Handle!, "main") == 1) throw new IOException($"The database {_path} cannot be written.");

            using var command = connection.CreateCommand();
            command.CommandText = $"""
                pragma busy_timeout = 5000;
                pragma journal_mode = wal;
                pragma synchronous = {(_synchronous == Synchronous.Full ? "full" : "normal")};
                pragma foreign_keys = on;
                pragma cache_size = -32768;
                pragma wal_autocheckpoint = {SqliteCheckpointer.MaxPages};
                """;
            command.ExecuteNonQuery();
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private string ConnectionString(SqliteOpenMode mode, bool pooling) => new SqliteConnectionStringBuilder
    {
        DataSource = _path,
        Mode = mode,
        Pooling = pooling,
        ForeignKeys = true,
        DefaultTimeout = 5,
    }.ToString();
}

/// <summary>A connection to a file is not lost, and neither is the answer of a commit.</summary>
internal sealed class SqliteWriter(SqliteConnection connection, SqliteCheckpointer checkpointer, FileStream file, Action releaseReaders) : IDatabaseWriter
{
    public DbConnection Connection => connection;

    public DbTransaction Begin()
    {
        checkpointer.Beginning();
        return connection.BeginTransaction(deferred: false);
    }

    public void Commit(DbTransaction transaction)
    {
        transaction.Commit();
        checkpointer.Committed();
    }

    public bool HasLostCommitArrived() => false;

    public void ForgetLostCommit()
    {
    }

    public void Dispose()
    {
        checkpointer.Dispose();

        // The last one that is closed brings the log of writes into the database and removes it, which readers cannot.
        releaseReaders();
        connection.Dispose();
        file.Dispose();
    }
}
