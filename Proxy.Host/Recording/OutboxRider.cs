using System.Data.Common;
using Proxy.Logging;
using Proxy.Logging.Outbox;
using Proxy.Management.Keys;
using Proxy.Management.Storage;
using Proxy.Management.Teams;

namespace Proxy.Host.Recording;

/// <summary>The call's log, riding in the commit of its spend.</summary>
/// <remarks>The writer asks once more: between the end of the call and its commit the team may have disabled logging.</remarks>
internal sealed class OutboxRider(CompletionLog completions, OutboxEntry entry, KeyState? key, TeamState? team) : ICommitRider
{
    public void Write(DbConnection connection, DbTransaction transaction)
    {
        if (LogTargets.IsStillWanted(key, team)) entry.Write(connection, transaction);
        else entry.Withdraw();
    }

    public void Flush(DbConnection connection, DbTransaction transaction) => entry.Flush(transaction);

    public void Forget() => entry.Forget();

    public void Committed() => completions.Committed(entry);
}

/// <summary>The database that the log shares with the ledger.</summary>
internal sealed class OutboxDatabase(Database database, CommitQueue commits) : IOutboxDatabase
{
    public bool TakesLists => database.IsServer;

    public JournalPlace? Journal { get; } = database.Path is { } path ? new(path + "-log", database.IsFlushed) : null;

    public ValueTask<DbConnection> OpenAsync(CancellationToken cancellationToken) => database.OpenApartAsync(cancellationToken);

    public Task WriteAsync(Action<DbConnection, DbTransaction> work, CancellationToken cancellationToken) => commits.WriteApartAsync(
        (connection, transaction) =>
        {
            work(connection, transaction);
            return true;
        },
        cancellationToken);
}
