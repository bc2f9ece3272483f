using System.Data.Common;

namespace Proxy.Management.Storage;

/// <summary>What differs between the databases that the rows may be in.</summary>
internal interface IDatabaseEngine : IDisposable
{
    /// <summary>The file, where the database is one.</summary>
    string? Path { get; }

    /// <summary>A pooled connection that only reads.</summary>
    ValueTask<DbConnection> OpenAsync(CancellationToken cancellationToken);

    /// <summary>The only connection that writes while the program runs.</summary>
    /// <exception cref="IOException">Another gateway writes this database.</exception>
    IDatabaseWriter OpenWriter();

    /// <summary>A connection for the schema scripts.</summary>
    DbConnection OpenForSchema();

    /// <summary>A transaction in which nobody else changes the schema.</summary>
    DbTransaction BeginSchema(DbConnection connection);

    /// <summary>A script in this engine's words.</summary>
    string Translate(string script);

    /// <summary>Closes the pooled readers.</summary>
    void ReleaseReaders();
}

/// <summary>The connection that writes. Touched by one thread.</summary>
internal interface IDatabaseWriter : IDisposable
{
    DbConnection Connection { get; }

    /// <summary>Opens the transaction, and the connection again when it was lost.</summary>
    DbTransaction Begin();

    void Commit(DbTransaction transaction);

    /// <summary>Whether the commit that failed last did arrive, and only its answer was lost. Asked before its works are run again.</summary>
    bool HasLostCommitArrived();

    /// <summary>The works of the commit that failed last are not run again.</summary>
    void ForgetLostCommit();
}

/// <summary>The database cannot be reached, or is not this gateway's to write any more.</summary>
#pragma warning disable CA1032 // It is made here only.
public sealed class DatabaseUnavailableException : DbException
#pragma warning restore CA1032
{
    internal DatabaseUnavailableException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
