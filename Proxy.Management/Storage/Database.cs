using System.Data.Common;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Proxy.Management.Storage;

/// <summary>How far a commit has gone when it is called done.</summary>
public enum Synchronous
{
    /// <summary>Safe when the process dies; the last commits may be lost when the machine does.</summary>
    Normal,

    /// <summary>Safe when the machine dies; every commit waits for the disk.</summary>
    Full,
}

/// <summary>Where the rows are. Readers open connections here; writes go through <see cref="CommitQueue"/>.</summary>
public sealed class Database
{
    private const string SqlitePrefix = "sqlite:";

    private readonly string _readerString;
    private readonly string _writerString;
    private readonly Synchronous _synchronous;

    /// <param name="setting"><c>sqlite:PATH</c>; the path is relative to the working directory.</param>
    /// <param name="synchronous">What a commit waits for.</param>
    /// <exception cref="ArgumentException">The setting is of no known form; the message is a sentence for the operator.</exception>
    public Database(string setting, Synchronous synchronous = Synchronous.Normal)
    {
        Path = System.IO.Path.GetFullPath(PathOf(setting));
        _synchronous = synchronous;

        // Readers need no pragmas of their own, so that a pooled connection is ready at once.
        _readerString = ConnectionString(SqliteOpenMode.ReadOnly, pooling: true);
        _writerString = ConnectionString(SqliteOpenMode.ReadWriteCreate, pooling: false);
    }

    /// <summary>The full path of the database file.</summary>
    public string Path { get; }

    /// <summary>A connection for reading; the caller disposes it.</summary>
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

    /// <summary>Keeps other processes from writing the same database: memory would not see what they change.</summary>
    /// <exception cref="IOException">One does already.</exception>
    internal FileStream Lock()
    {
        DataFolder.Create(System.IO.Path.GetDirectoryName(Path)!);
        var path = Path + ".lock";
        DataFolder.CreateFile(path);
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException exception)
        {
            throw new IOException($"The database {Path} is in use by another gateway.", exception);
        }
    }

    /// <summary>A connection that may write. Only the migrator and the commit queue hold one.</summary>
    internal SqliteConnection OpenWriter()
    {
        DataFolder.Create(System.IO.Path.GetDirectoryName(Path)!);
        DataFolder.CreateFile(Path); // its companions, the log and the index of it, take over its mode

        var connection = new SqliteConnection(_writerString);
        try
        {
            connection.Open();
            if (raw.sqlite3_db_readonly(connection.Handle!, "main") == 1) throw new IOException($"The database {Path} cannot be written.");

            using var command = connection.CreateCommand();
            command.CommandText = $"""
                pragma busy_timeout = 5000;
                pragma journal_mode = wal;
                pragma synchronous = {(_synchronous == Synchronous.Full ? "full" : "normal")};
                pragma foreign_keys = on;
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

    /// <summary>Closes the pooled readers, so that the file can be moved or removed.</summary>
    internal void ReleaseReaders()
    {
        using var connection = new SqliteConnection(_readerString);
        SqliteConnection.ClearPool(connection);
    }

    private static string PathOf(string setting)
    {
        var path = setting.StartsWith(SqlitePrefix, StringComparison.OrdinalIgnoreCase) ? setting[SqlitePrefix.Length..].Trim() : "";
        if (path.Length > 0 && !path.Contains(":memory:", StringComparison.OrdinalIgnoreCase) && !path.Contains('\0')) return path;

        throw new ArgumentException(
            "The setting Management:Database must be 'sqlite:' followed by the path of a file, for example 'sqlite:data/proxy.db'. "
            + "Other databases are not supported yet.",
            nameof(setting));
    }

    private string ConnectionString(SqliteOpenMode mode, bool pooling) => new SqliteConnectionStringBuilder
    {
        DataSource = Path,
        Mode = mode,
        Pooling = pooling,
        ForeignKeys = true,
        DefaultTimeout = 5,
    }.ToString();
}
