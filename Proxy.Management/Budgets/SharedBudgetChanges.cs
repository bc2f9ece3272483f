using System.Data.Common;
using Proxy.Management.Auditing;
using Proxy.Management.Errors;
using Proxy.Management.Keys;

namespace Proxy.Management.Budgets;

/// <summary>Changes shared budgets, and tells every account and key in memory that shares one.</summary>
internal sealed class SharedBudgetChanges(AuditedWriter queue, AccountChanges accounts, KeyRing keys, BudgetCalendar calendar, TimeProvider time)
{
    /// <returns>The budget as it is now, or why it was not changed.</returns>
    public async Task<(SharedBudget? Budget, ProxyError? Error)> SaveAsync(
        string budgetId, bool isNew, Func<SharedBudget, SharedBudget> change, CancellationToken cancellationToken)
    {
        var saved = await queue.WriteAsync<(SharedBudget? Budget, ProxyError? Error, IReadOnlyList<AccountRow> Rows, DateTimeOffset? ResetAt)>(
            (connection, transaction) =>
            {
                var old = SharedBudgetStore.Find(connection, transaction, budgetId);
                if (isNew && old is not null) return (null, AccountErrors.Exists("budget_id", budgetId), [], null);
                if (!isNew && old is null) return (null, AccountErrors.Unknown("budget_id", budgetId), [], null);

                var now = time.GetUtcNow();
                var budget = change(old ?? new SharedBudget { BudgetId = budgetId, CreatedAt = now.ToUnixTimeMilliseconds() });
                SharedBudgetStore.Save(connection, transaction, budget);
                var reset = calendar.NextReset(budget.BudgetDuration, now);
                var isNewPeriod = budget.BudgetDuration != old?.BudgetDuration;
                if (isNewPeriod) SharedBudgetStore.Schedule(connection, transaction, budgetId, reset);
                return (budget, null, Sharers(connection, transaction, budgetId), isNewPeriod ? reset : null);
            },
            result =>
            {
                if (result.Budget is null) return;
                Tell(result.Rows);
                keys.ChangeBudget(budgetId, result.Budget, result.ResetAt);
            },
            cancellationToken);
        await keys.RelinkBudgetAsync(budgetId);
        return (saved.Budget, saved.Error);
    }

    /// <returns>Whether there was such a budget.</returns>
    public async Task<bool> DeleteAsync(string budgetId, CancellationToken cancellationToken)
    {
        var deleted = await queue.WriteAsync<(bool WasThere, IReadOnlyList<AccountRow> Rows)>(
            (connection, transaction) => (
                SharedBudgetStore.Delete(connection, transaction, budgetId), Sharers(connection, transaction, budgetId)),
            result =>
            {
                Tell(result.Rows);
                keys.ChangeBudget(budgetId, budget: null, resetAt: null);
            },
            cancellationToken);
        await keys.RelinkBudgetAsync(budgetId);
        return deleted.WasThere;
    }

    private static IReadOnlyList<AccountRow> Sharers(DbConnection connection, DbTransaction transaction, string budgetId) =>
        AccountStore.ListOfBudget(connection, transaction, budgetId);

    private void Tell(IReadOnlyList<AccountRow> rows)
    {
        foreach (var row in rows) accounts.Tell(row);
    }
}
