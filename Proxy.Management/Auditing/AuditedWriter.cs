using System.Data.Common;
using Proxy.Management.Storage;

namespace Proxy.Management.Auditing;

/// <summary>The queue of commits for what admins and users change.</summary>
internal sealed class AuditedWriter(CommitQueue queue, AuditShapes shapes, TimeProvider time, bool isOn)
{
    private readonly AuditDesk _desk = new(shapes, new AuditIds(), time, isOn);

    /// <summary>As <see cref="CommitQueue"/> does it; what the work changes is written down in the same transaction, as done by who calls the management API.</summary>
    public Task<T> WriteAsync<T>(Func<DbConnection, AuditedTransaction, T> work, Action<T>? committed, CancellationToken cancellationToken) =>
        WriteAsync(work, committed, AuditActor.Current, cancellationToken); // taken here: the writer's thread knows nobody

    /// <summary>As the other, done by somebody else.</summary>
    public Task<T> WriteAsync<T>(Func<DbConnection, AuditedTransaction, T> work, Action<T>? committed, AuditActor? actor, CancellationToken cancellationToken) => queue.WriteAsync(
        (connection, transaction) =>
        {
            var audited = Begin(connection, transaction, actor);
            var result = work(connection, audited);
            audited.Close();
            return result;
        },
        committed,
        cancellationToken);

    /// <summary>For a transaction that somebody else began, and commits.</summary>
    public AuditedTransaction Begin(DbConnection connection, DbTransaction transaction, AuditActor? actor) => new(connection, transaction, actor, _desk);
}
