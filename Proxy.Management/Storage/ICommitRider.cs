using System.Data.Common;

namespace Proxy.Management.Storage;

/// <summary>
/// Rows of somebody else that must be in the same commit as the entry they ride with: the outbox rows of a call beside its spend.
/// </summary>
/// <remarks>All is called on the writer's thread, so it must be quick and must not wait. Riders of one kind share what they collect: the last one of a group
/// is asked to flush it, or to forget it.</remarks>
public interface ICommitRider
{
    /// <summary>Writes the rows, or collects them. It may be called again, in a new transaction, when the first one was rolled back because of another entry.</summary>
    void Write(DbConnection connection, DbTransaction transaction);

    /// <summary>Whatever was only collected must be written now, for the commit follows, or somebody who reads the rows.</summary>
    void Flush(DbConnection connection, DbTransaction transaction);

    /// <summary>The transaction was rolled back.</summary>
    void Forget();

    /// <summary>The rows are committed. Called in the order of the commits, before whoever waits for this one goes on.</summary>
    void Committed();
}
