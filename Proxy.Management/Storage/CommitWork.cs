using System.Data.Common;

namespace Proxy.Management.Storage;

/// <summary>One write that waits for the next group commit. All members are called on the writer's thread.</summary>
internal interface ICommitWork
{
    /// <summary>Writes into the open transaction. It is called again, in a new transaction, when the group was rolled back.</summary>
    void Write(WriteSession session);

    /// <summary>The transaction is committed.</summary>
    void Complete();

    /// <summary>Nothing of this work is in the database.</summary>
    void Fail(Exception exception);
}

/// <summary>Writes that are summed over a group and reach the database once, before anybody could miss them.</summary>
internal interface IDeferredWrites
{
    void Flush(WriteSession session);

    /// <summary>The transaction was rolled back: what was summed is forgotten.</summary>
    void Forget();
}

/// <summary>The transaction of one group.</summary>
internal sealed class WriteSession(DbConnection connection, DbTransaction transaction)
{
    private IDeferredWrites? _deferred;

    public DbConnection Connection { get; } = connection;

    public DbTransaction Transaction { get; } = transaction;

    /// <summary>Asks that these are flushed before the commit, and before any work of another kind.</summary>
    public void Defer(IDeferredWrites writes)
    {
        if (ReferenceEquals(_deferred, writes)) return;

        Flush();
        _deferred = writes;
    }

    public void Flush()
    {
        _deferred?.Flush(this);
        _deferred = null;
    }

    public void Forget()
    {
        _deferred?.Forget();
        _deferred = null;
    }
}

/// <summary>A write given as a delegate.</summary>
internal sealed class DelegateWork<T>(Func<DbConnection, DbTransaction, T> work, Action<T>? committed)
    : TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously), ICommitWork
{
    private T _result = default!;

    public void Write(WriteSession session)
    {
        session.Flush();
        _result = work(session.Connection, session.Transaction);
    }

    public void Complete()
    {
        committed?.Invoke(_result);
        TrySetResult(_result);
    }

    public void Fail(Exception exception) => TrySetException(exception);
}
