using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Proxy.Management.Storage;

/// <summary>Runs works that share a transaction. Used on the thread of the <see cref="CommitQueue"/> only.</summary>
internal sealed partial class CommitGroup(IDatabaseWriter writer, CommitMetrics metrics, ILogger<CommitQueue> logger)
{
    /// <summary>What is written when it is due, or asked for.</summary>
    public IDeferredWrites? Deferred { get; set; }

    /// <summary>Commits some of the works together, or none.</summary>
    public bool TryRun(List<ICommitWork> works, int start, int count, out Exception? exception)
    {
        exception = null;
        if (TryCommit(works, start, count, ref exception))
        {
            for (var i = start; i < start + count; i++) Complete(works[i]);
            return true;
        }

        LogRolledBack(exception!, count);
        return false;
    }

    /// <summary>After a group that failed: each work in a transaction of its own, so that the one at fault fails alone.</summary>
    public void RunOneByOne(List<ICommitWork> works, Exception why)
    {
        for (var i = 0; i < works.Count; i++)
        {
            if (DatabaseTrouble.IsIn(why)) works[i].Fail(why);
            else if (!TryRun(works, i, 1, out var exception)) works[i].Fail(exception!);
            writer.ForgetLostCommit();
        }
    }

    private bool TryCommit(List<ICommitWork> works, int start, int count, ref Exception? exception)
    {
        try
        {
            if (writer.HasLostCommitArrived()) return true;

            var started = Stopwatch.GetTimestamp();
            using var transaction = writer.Begin();
            var session = new WriteSession(writer.Connection, transaction, Deferred);
            for (var i = start; i < start + count; i++) works[i].Write(session);
            session.Flush();
            writer.Commit(transaction);
            Deferred?.Committed();
            metrics.Committed(count, Stopwatch.GetElapsedTime(started));
            return true;
        }
        catch (Exception e)
        {
            Deferred?.Forget();
            exception = e;
            return false;
        }
    }

    private void Complete(ICommitWork work)
    {
        try
        {
            work.Complete();
        }
        catch (Exception exception)
        {
            LogCompletionFailed(exception);
            work.Fail(exception);
        }
    }

    [LoggerMessage(LogLevel.Warning, "A commit of {Count} writes was rolled back.")]
    private partial void LogRolledBack(Exception exception, int count);

    [LoggerMessage(LogLevel.Error, "What follows a commit failed; the write itself is in the database.")]
    private partial void LogCompletionFailed(Exception exception);
}
