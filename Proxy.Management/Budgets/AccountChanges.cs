using System.Data.Common;
using Proxy.Management.Auditing;
using Proxy.Management.Errors;

namespace Proxy.Management.Budgets;

/// <summary>A changed account, or why it was not changed.</summary>
internal readonly record struct AccountChange(AccountRow? Row, ProxyError? Error);

/// <summary>Changes accounts: in the database first, then in memory, then the answer, so that the very next call sees it.</summary>
internal sealed class AccountChanges(AuditedWriter queue, AccountRing ring, BudgetCalendar calendar, TimeProvider time)
{
    /// <param name="id">Which account.</param>
    /// <param name="change">From the row, or null where there is none, to the new row or a refusal. It may run twice.</param>
    public Task<AccountChange> SaveAsync(
        AccountId id, Func<AccountRow?, AccountChange> change, CancellationToken cancellationToken) => queue.WriteAsync(
        (connection, transaction) => Save(connection, transaction, id, change),
        changed =>
        {
            if (changed.Row is not null) Tell(changed.Row);
        },
        cancellationToken);

    /// <summary>The part of it that is in the database, for whoever changes more than this in one transaction and tells memory then.</summary>
    public AccountChange Save(DbConnection connection, AuditedTransaction transaction, AccountId id, Func<AccountRow?, AccountChange> change)
    {
        var changed = change(AccountStore.Find(connection, transaction, id));
        if (changed.Row is null) return changed;

        AccountStore.Save(connection, transaction, changed.Row);
        var saved = AccountStore.Find(connection, transaction, id)!;
        if (saved.BudgetResetAt is not null || saved.SharedBudgetDuration is null) return new AccountChange(saved, null);

        // The period is the one of the budget that it shares, and begins with the sharing.
        var reset = calendar.NextReset(saved.BudgetDuration ?? saved.SharedBudgetDuration, time.GetUtcNow());
        AccountStore.Save(connection, transaction, saved with { BudgetResetAt = reset?.ToUnixTimeMilliseconds() });
        return new AccountChange(AccountStore.Find(connection, transaction, id), null);
    }

    /// <summary>Tells an account in memory what its row says now.</summary>
    public void Tell(AccountRow row) => ring.Change(row.AccountId, account =>
    {
        lock (ring.Gate) account.Apply(row.ToTerms());
    });
}
