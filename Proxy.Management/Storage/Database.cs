using System.Data.Common;
using Proxy.Management.Storage.Postgres;
using Proxy.Management.Storage.Sqlite;

namespace Proxy.Management.Storage;

/// <summary>How far a commit has gone when it is called done.</summary>
public enum Synchronous
{
    /// <summary>Safe when the process dies. On SQLite the last commits may be lost when the machine does; PostgreSQL does as its server is set.</summary>
    Normal,

    /// <summary>Safe when the machine dies; every commit waits for the disk.</summary>
    Full,
}

/// <summary>Where the rows are. Readers open connections here; writes go through <see cref="CommitQueue"/>.</summary>
public sealed class Database : IDisposable
{
    private const string SqlitePrefix = "sqlite:";

    /// <param name="setting"><c>sqlite:PATH</c>, where the path is relative to the working directory; or a PostgreSQL URL or connection string.</param>
    /// <param name="synchronous">What a commit waits for.</param>
    /// <param name="password">The password of a PostgreSQL database, when the setting does not hold it.</param>
    /// <exception cref="ArgumentException">The setting is of no known form; the message is a sentence for the operator.</exception>
    public Database(string setting, Synchronous synchronous = Synchronous.Normal, string? password = null)
    {
        IsFlushed = synchronous == Synchronous.Full;
        if (setting.StartsWith(SqlitePrefix, StringComparison.OrdinalIgnoreCase))
            Engine = new SqliteEngine(PathOf(setting), synchronous);
        else if (PostgresSetting.Parse(setting, password) is { } connection)
            Engine = new PostgresEngine(connection, synchronous);
        else
            throw Unknown(setting);
    }

    /// <summary>The full path of the database file; null when it is not a file.</summary>
    public string? Path => Engine.Path;

    /// <summary>Rows are on a PostgreSQL server, not in a file.</summary>
    public bool IsServer => Path is null;

    /// <summary>A commit waits for the disk.</summary>
    public bool IsFlushed { get; }

    internal IDatabaseEngine Engine { get; }

    /// <summary>Waited for by who reads: what is committed, and was left for later, is written.</summary>
    internal Func<CancellationToken, ValueTask>? BeforeReading { get; set; }

    /// <summary>A connection for reading; the caller disposes it. All calls that are recorded by now are in the sums of their scopes.</summary>
    /// <exception cref="DbException">They cannot be summed: the database refuses to be written.</exception>
    public async ValueTask<DbConnection> OpenAsync(CancellationToken cancellationToken)
    {
        if (BeforeReading is { } settle) await settle(cancellationToken);
        return await Engine.OpenAsync(cancellationToken);
    }

    /// <summary>As the other, for who reads no sums and so needs not wait for them.</summary>
    public ValueTask<DbConnection> OpenApartAsync(CancellationToken cancellationToken) => Engine.OpenAsync(cancellationToken);

    /// <summary>Closes the pooled readers, so that a file can be moved or removed.</summary>
    internal void ReleaseReaders() => Engine.ReleaseReaders();

    public void Dispose() => Engine.Dispose();

    private static string PathOf(string setting)
    {
        var path = setting[SqlitePrefix.Length..].Trim();
        return path.Length > 0 && !path.Contains(":memory:", StringComparison.OrdinalIgnoreCase) && !path.Contains('\0')
            ? System.IO.Path.GetFullPath(path)
            : throw Unknown(setting);
    }

    private static ArgumentException Unknown(string setting)
    {
        const string Message = "The setting Management:Database must be 'sqlite:' followed by the path of a file, for example 'sqlite:data/proxy.db', "
            + "or a PostgreSQL database, for example 'postgres://proxy@localhost:5432/proxy' or 'Host=localhost;Username=proxy;Database=proxy'.";
        return new ArgumentException(Message, nameof(setting));
    }
}
