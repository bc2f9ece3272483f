using Proxy.Management.Budgets;
using Proxy.Management.Keys;
using Proxy.Management.Storage;
using Proxy.Management.Teams;

namespace Proxy.Management.Spend;

/// <summary>The book of all calls: what is recorded here is in the database, and in the sums of all its scopes, in one commit.</summary>
public sealed class SpendLedger
{
    private readonly CommitQueue _queue;
    private readonly SpendWriter _writer;
    private readonly KeyRing _keys;
    private readonly TeamRing _teams;
    private readonly AccountRing _accounts;

    internal SpendLedger(CommitQueue queue, KeyRing keys, TeamRing teams, AccountRing accounts, TimeProvider time)
    {
        (_queue, _keys, _teams, _accounts) = (queue, keys, teams, accounts);
        _writer = queue.Own(new SpendWriter(time));
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

    private async Task EnqueueAsync(EntryWork work)
    {
        // No token: what was spent is recorded, whoever has gone away.
        await _queue.EnqueueAsync(work, CancellationToken.None);
        await work.Task;
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
            session.Defer(ledger._writer);
            ledger._writer.Write(session, entry, picos, reservation, rider);
        }

        public void Complete()
        {
            if (reservation is null) ledger.AddToMemory(entry, picos);
            else reservation.Settle(picos, entry.Usage.Total);
            rider?.Committed();
            TrySetResult();
        }

        public void Fail(Exception exception)
        {
            reservation?.Release();
            TrySetException(exception);
        }
    }
}
