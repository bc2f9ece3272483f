using System.Data.Common;

namespace Proxy.Logging.Outbox;

/// <summary>What the outbox needs of the database that it shares with the ledger.</summary>
public interface IOutboxDatabase
{
    /// <summary>Whether a parameter may be an array, as PostgreSQL takes it.</summary>
    bool TakesLists { get; }

    /// <summary>Where rows may be before they are in the table; null when the rows are not in a file.</summary>
    JournalPlace? Journal { get; }

    /// <summary>A connection for reading; the caller disposes it.</summary>
    ValueTask<DbConnection> OpenAsync(CancellationToken cancellationToken);

    /// <summary>Runs a short write on the single writer; done when it is committed. The work may run twice, never half.</summary>
    Task WriteAsync(Action<DbConnection, DbTransaction> work, CancellationToken cancellationToken);
}

/// <param name="Path">What the names of the files begin with.</param>
/// <param name="IsFlushed">Whether a commit waits for the disk.</param>
public sealed record JournalPlace(string Path, bool IsFlushed)
{
    /// <summary>How large a file becomes. Small, since removing one keeps the processor from calls for as long as it is large.</summary>
    public long FileBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>Where rows are that wait for longer.</summary>
    internal JournalPlace Backlog => new(Path + "-backlog", IsFlushed);
}
