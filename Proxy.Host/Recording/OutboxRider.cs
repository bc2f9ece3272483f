using System.Data.Common;
using Proxy.Logging.Outbox;
using Proxy.Management.Access;
using Proxy.Management.Storage;

namespace Proxy.Host.Recording;

/// <summary>The call's log, riding in the commit of its spend.</summary>
/// <remarks>The writer asks once more: between the end of the call and its commit the team may have disabled logging.</remarks>
internal sealed class OutboxRider(OutboxEntry entry, Caller? caller) : ICommitRider
{
    public void Write(DbConnection connection, DbTransaction transaction)
    {
        if (LogTargets.IsStillWanted(caller)) entry.Write(connection, transaction);
        else entry.Withdraw();
    }
}

/// <summary>The database that the log shares with the ledger.</summary>
internal sealed class OutboxDatabase(Database database, CommitQueue commits) : IOutboxDatabase
{
    public ValueTask<DbConnection> OpenAsync(CancellationToken cancellationToken) => database.OpenAsync(cancellationToken);

    public Task WriteAsync(Action<DbConnection, DbTransaction> work, CancellationToken cancellationToken) => commits.WriteAsync(
        (connection, transaction) =>
        {
            work(connection, transaction);
            return true;
        },
        cancellationToken);
}
