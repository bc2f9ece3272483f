using System.Data.Common;

namespace Proxy.Management.Storage;

/// <summary>
/// Rows of somebody else that must be in the same commit as the entry they ride with: the outbox rows of a call beside its spend.
/// </summary>
/// <remarks>Called on the writer's thread, so it must be quick and must not wait. It may be called again, in a new transaction, when the
/// first one was rolled back because of another entry.</remarks>
public interface ICommitRider
{
    void Write(DbConnection connection, DbTransaction transaction);
}
