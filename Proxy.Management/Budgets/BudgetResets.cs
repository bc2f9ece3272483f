using Microsoft.Extensions.Logging;
using Proxy.Management.Storage;

namespace Proxy.Management.Budgets;

/// <summary>Begins new periods: in memory at once, and in the row by a write of its own in the order of the commits.</summary>
/// <remarks>A call belongs to the period in which it is committed. When the write of the reset is, memory is zeroed again: what was settled
/// in between was committed before it and belongs to the old period, in the row and in memory alike.</remarks>
internal sealed partial class BudgetResets(
    AccountRing ring, AccountStore store, CommitQueue queue, BudgetCalendar calendar, TimeProvider time, ILogger<BudgetResets> logger)
{
    /// <summary>Called under the lock of the accounts, when the account's period is over.</summary>
    public void Begin(Account account, DateTimeOffset now)
    {
        var old = account.ResetAt;
        var next = calendar.NextReset(account.Terms.BudgetDuration, now);
        account.Reset(next);
        _ = WriteAsync(account.Id, account, old, next);
    }

    /// <summary>Called under the lock of the accounts: the first period of an account whose terms stand elsewhere.</summary>
    public void Open(Account account, DateTimeOffset now)
    {
        account.ResetAt = calendar.NextReset(account.Terms.BudgetDuration, now);
        if (account.ResetAt is not null) Schedule(account.Id, account.ResetAt);
    }

    /// <summary>Resets what is due, whether it is in memory or not.</summary>
    public async Task RunDueAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        foreach (var id in await store.ListDueAsync(now, cancellationToken))
        {
            if (ring.FindLoaded(id) is { } account)
            {
                if (TryMove(account, now, out var old)) await WriteAsync(id, account, old, account.ResetAt);
            }
            else
            {
                await queue.WriteAsync((connection, transaction) => AccountStore.ResetDue(connection, transaction, id, now, calendar), cancellationToken);
            }
        }
    }

    /// <summary>Resets one account, as far as it is due, before it is shown.</summary>
    public async ValueTask<bool> TryResetAsync(DateTimeOffset? resetAt, CancellationToken cancellationToken)
    {
        if (!(resetAt <= time.GetUtcNow())) return false;

        await RunDueAsync(cancellationToken);
        return true;
    }

    public DateTimeOffset? NextReset(string? duration) => calendar.NextReset(duration, time.GetUtcNow());

    /// <summary>Keeps the first end of a period in the row of an account whose terms stand elsewhere.</summary>
    public void Schedule(AccountId id, DateTimeOffset? next) => _ = ScheduleAsync(id, next);

    private async Task ScheduleAsync(AccountId id, DateTimeOffset? next)
    {
        try
        {
            var now = time.GetUtcNow();
            await queue.WriteAsync(
                (connection, transaction) =>
                {
                    var row = AccountStore.Find(connection, transaction, id) ?? AccountRequest.New(id, now, by: null);
                    AccountStore.SaveUnseen(connection, transaction, row with { BudgetResetAt = next?.ToUnixTimeMilliseconds() });
                    return true;
                },
                CancellationToken.None);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            LogNotReset(exception, id.Scope, id.Shown);
        }
    }

    private bool TryMove(Account account, DateTimeOffset now, out DateTimeOffset? old)
    {
        lock (ring.Gate)
        {
            old = account.ResetAt;
            if (!(old <= now)) return false;

            account.Reset(calendar.NextReset(account.Terms.BudgetDuration, now));
            return true;
        }
    }

    private async Task WriteAsync(AccountId id, Account account, DateTimeOffset? old, DateTimeOffset? next)
    {
        try
        {
            await queue.WriteAsync(
                (connection, transaction) =>
                {
                    AccountStore.Reset(connection, transaction, id, next);
                    return true;
                },
                _ =>
                {
                    lock (ring.Gate) account.Reset(next);
                },
                CancellationToken.None);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // The next admission or sweep tries again.
            lock (ring.Gate) account.ResetAt = old;
            LogNotReset(exception, id.Scope, id.Shown);
        }
    }

    [LoggerMessage(LogLevel.Error, "The new period of the budget of {Scope} {Id} could not be written.")]
    private partial void LogNotReset(Exception exception, string scope, string id);
}
