using System.Data.Common;
using System.Text.Json.Nodes;
using Proxy.Management.Auditing;
using Proxy.Management.Budgets;
using Proxy.Management.Errors;
using Proxy.Management.Storage;

namespace Proxy.Management.Keys;

/// <summary>The row of the budget table that a key has part in: one that it shares, or one that was made for its soft budget.</summary>
/// <remarks>A key that owns its row keeps the soft budget there and nowhere else, so that the row can be changed by itself.</remarks>
internal static class KeyBudget
{
    private const string ModelBudgets = "model_max_budget";

    /// <summary>The key with its soft budget as bodies know it, wherever it is kept.</summary>
    public static KeyIdentity Open(KeyIdentity key) => key is { OwnsBudget: true, Budget: { } own }
        ? key with { Limits = key.Limits with { SoftBudget = Columns.ToDollars(own.SoftBudget) } }
        : key;

    /// <summary>Brings the budget rows to what a body made of the key.</summary>
    /// <param name="old">The row as it was; null for a new key.</param>
    /// <param name="key">The key to be, its soft budget among its own limits.</param>
    /// <returns>The key as it is to be stored, or why it is refused.</returns>
    public static (KeyIdentity Key, ProxyError? Error) Save(
        DbConnection connection, AuditedTransaction transaction, KeyIdentity? old, KeyIdentity key, BudgetCalendar calendar)
    {
        if (old is { OwnsBudget: true } && key.BudgetId != old.BudgetId)
        {
            Delete(connection, transaction, old);
            key = key with { OwnsBudget = false };
        }

        if (key.BudgetId is null && key.Limits.SoftBudget is not null) key = key with { BudgetId = Guid.NewGuid().ToString(), OwnsBudget = true };
        if (key.OwnsBudget) return (Own(connection, transaction, key), null);

        var budget = key.BudgetId is null ? null : SharedBudgetStore.Find(connection, transaction, key.BudgetId);
        return budget is null && key.BudgetId is not null && key.BudgetId != old?.BudgetId
            ? (key, KeyErrors.BudgetUnknown(key.BudgetId))
            : (Schedule(key with { Budget = budget }, old, calendar), null);
    }

    /// <summary>Deletes the row that was made for the key.</summary>
    public static void Delete(DbConnection connection, AuditedTransaction transaction, KeyIdentity key)
    {
        if (key is { OwnsBudget: true, BudgetId: { } own }) SharedBudgetStore.Delete(connection, transaction, own);
    }

    private static KeyIdentity Own(DbConnection connection, AuditedTransaction transaction, KeyIdentity key)
    {
        var now = key.UpdatedAt.ToUnixTimeMilliseconds();
        var row = SharedBudgetStore.Find(connection, transaction, key.BudgetId!)
            ?? new SharedBudget { BudgetId = key.BudgetId!, CreatedAt = now, CreatedBy = key.UpdatedBy };
        var budget = row with
        {
            SoftBudget = Columns.FromDollars(key.Limits.SoftBudget),
            Details = new JsonObject { [ModelBudgets] = JsonNode.Parse(key.Details)![ModelBudgets]?.DeepClone() }.ToJsonString(),
            UpdatedAt = now,
            UpdatedBy = key.UpdatedBy,
        };
        SharedBudgetStore.Save(connection, transaction, budget);
        return key with { Budget = budget, Limits = key.Limits with { SoftBudget = null } };
    }

    /// <summary>A key without a period of its own has that of the budget, and begins it with the sharing.</summary>
    private static KeyIdentity Schedule(KeyIdentity key, KeyIdentity? old, BudgetCalendar calendar)
    {
        if (key.Limits.BudgetDuration is not null) return key;

        var duration = key.Budget?.BudgetDuration;
        var isSame = old is not null && old.BudgetId == key.BudgetId && old.Limits.BudgetDuration is null;
        var reset = isSame && duration is not null ? old!.Limits.BudgetResetAt ?? calendar.NextReset(duration, key.UpdatedAt) : calendar.NextReset(duration, key.UpdatedAt);
        return key with { Limits = key.Limits with { BudgetResetAt = reset } };
    }
}
