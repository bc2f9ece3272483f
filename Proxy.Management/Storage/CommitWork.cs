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

/// <summary>Writes that are kept back: some until their transaction ends, some for longer, until somebody could miss them.</summary>
internal interface IDeferredWrites : IDisposable
{
    /// <summary>Whether nothing is kept back beyond the commits that were made. For any thread.</summary>
    bool IsSettled { get; }

    /// <summary>Writes what must be in this transaction. Called before its commit, and before any work of another kind.</summary>
    void Flush(WriteSession session);

    /// <summary>Writes everything: somebody reads it, or changes it.</summary>
    void Settle(WriteSession session);

    /// <summary>The transaction is committed.</summary>
    void Committed();

    /// <summary>The transaction was rolled back, or what came of it is not known.</summary>
    void Forget();
}

/// <summary>The transaction of one group.</summary>
internal sealed class WriteSession(DbConnection connection, DbTransaction transaction, IDeferredWrites? deferred)
{
    public DbConnection Connection { get; } = connection;

    public DbTransaction Transaction { get; } = transaction;

    /// <inheritdoc cref="IDeferredWrites.Flush"/>
    public void Flush() => deferred?.Flush(this);

    /// <inheritdoc cref="IDeferredWrites.Settle"/>
    public void Settle() => deferred?.Settle(this);
}

/// <summary>Has all deferred writes written.</summary>
internal sealed class SettleWork() : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), ICommitWork
{
    public void Write(WriteSession session) => session.Settle();

    public void Complete() => TrySetResult();

    public void Fail(Exception exception) => TrySetException(exception);
}

/// <summary>A write given as a delegate.</summary>
/// <param name="isApart">Whether it neither reads nor changes what is deferred.</param>
internal sealed class DelegateWork<T>(Func<DbConnection, DbTransaction, T> work, Action<T>? committed, bool isApart)
    : TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously), ICommitWork
{
    private T _result = default!;

    public void Write(WriteSession session)
    {
        if (isApart) session.Flush();
        else session.Settle();
        _result = work(session.Connection, session.Transaction);
    }

    public void Complete()
    {
        committed?.Invoke(_result);
        TrySetResult(_result);
    }

    public void Fail(Exception exception) => TrySetException(exception);
}
