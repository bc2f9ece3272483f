using Microsoft.Extensions.Logging;
using Proxy.Management.Budgets;
using Proxy.Management.Keys;
using Proxy.Management.Storage;
using Proxy.Management.Teams;

namespace Proxy.Management.Spend;

/// <summary>The book of all calls: what is recorded here is in the database, and in the sums of all its scopes before anybody reads those.</summary>
public sealed class SpendLedger : IDisposable
{
    // Who looks at the tables from outside sees sums that are no older.
    private static readonly TimeSpan SumInterval = TimeSpan.FromSeconds(1);

    private readonly CommitQueue _queue;
    private readonly SpendWriter _writer;
    private readonly KeyRing _keys;
    private readonly TeamRing _teams;
    private readonly AccountRing _accounts;
    private readonly ITimer _timer;
    private volatile bool _isTimed;

    internal SpendLedger(CommitQueue queue, KeyRing keys, TeamRing teams, AccountRing accounts, TimeProvider time, ILogger<SpendLedger> logger)
    {
        (_queue, _keys, _teams, _accounts) = (queue, keys, teams, accounts);
        _writer = new SpendWriter(time, logger);
        queue.Defer(_writer);
        _timer = time.CreateTimer(_ => SumInTime(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>False while nothing can be recorded, so that nothing that costs money should begin.</summary>
    public bool IsWritable => _queue.IsWritable;

    /// <summary>Records a finished call. The task is done when the commit is, which calls that end at the same moment share.</summary>
    /// <param name="entry">The call; its id must not have been recorded before.</param>
    /// <param name="rider">Rows that must be in the same commit, or null.</param>
    /// <param name="reservation">What the call holds in its accounts; settled with the commit, released when that fails. Null when it holds nothing.</param>
    /// <exception cref="ArgumentException">The cost is negative.</exception>
    /// <exception cref="OverflowException">The cost is beyond what 64 bits of picodollars hold.</exception>
    public Task RecordAsync(SpendEntry entry, ICommitRider? rider, Reservation? reservation = null)
    {
        if (entry.Cost < 0) throw new ArgumentException("A call cannot cost less than nothing.", nameof(entry));

        var work = new EntryWork(this, entry, Money.ToPico(entry.Cost), rider, reservation);
        return _queue.TryEnqueue(work) ? work.Task : EnqueueAsync(work);
    }

    /// <summary>Sums all calls that are recorded, also those that an earlier run was killed over.</summary>
    internal Task SumAsync() => _queue.SettleAsync(CancellationToken.None);

    public void Dispose() => _timer.Dispose();

    private async Task EnqueueAsync(EntryWork work)
    {
        // No token: what was spent is recorded, whoever has gone away.
        await _queue.EnqueueAsync(work, CancellationToken.None);
        await work.Task;
    }

    private void SumLater()
    {
        if (_isTimed) return;

        _isTimed = true;
        _timer.Change(SumInterval, Timeout.InfiniteTimeSpan);
    }

    private async void SumInTime()
    {
        _isTimed = false;
        if (_queue.IsSettled) return;

        try
        {
            // While the database refuses the queue itself looks whether it still does.
            if (_queue.IsWritable) await SumAsync();
            else SumLater();
        }
        catch (ObjectDisposedException)
        {
            // The queue closes, and sums at its end.
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // The queue has said so. The calls stay in the table of those that are to be summed.
            SumLater();
        }
    }

    private void AddToMemory(SpendEntry entry, long picos)
    {
        if (picos == 0) return;
        lock (_accounts.Gate)
        {
            if (entry.KeyHash is { } hash) _keys.FindLoaded(hash)?.Account.AddSpend(picos);
            if (entry.TeamId is { } teamId) _teams.FindLoaded(teamId)?.Account.AddSpend(picos);
        }
    }

    private sealed class EntryWork(SpendLedger ledger, SpendEntry entry, long picos, ICommitRider? rider, Reservation? reservation)
        : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), ICommitWork
    {
        public void Write(WriteSession session)
        {
            ledger._writer.Write(session, entry, picos, reservation, rider);
        }

        public void Complete()
        {
            if (reservation is null) ledger.AddToMemory(entry, picos);
            else reservation.Settle(picos, entry.Usage.Total);
            rider?.Committed();
            ledger.SumLater();
            TrySetResult();
        }

        public void Fail(Exception exception)
        {
            reservation?.Release();
            TrySetException(exception);
        }
    }
}
