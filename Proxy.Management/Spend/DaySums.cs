using System.Runtime.InteropServices;
using Proxy.Management.Budgets;

namespace Proxy.Management.Spend;

/// <summary>The sums of days that a group of calls adds to.</summary>
internal sealed class DaySums
{
    private readonly Dictionary<SpendDay, DaySum> _days = [];
    private readonly Dictionary<AccountDay, DaySum> _accounts = [];

    public void Add(SpendEntry entry, long picos)
    {
        var sum = DaySum.Of(entry, picos);
        Add(_days, SpendDay.Of(entry), sum);
        if (entry.EndUser is { } customer) Add(_accounts, AccountDay.Of(AccountKind.Customer, customer, entry), sum);
        foreach (var tag in entry.Tags) Add(_accounts, AccountDay.Of(AccountKind.Tag, tag, entry), sum);
    }

    public void Write(ISpendStatements statements)
    {
        foreach (var (day, sum) in _days) statements.AddToDay(day, sum);
        foreach (var (day, sum) in _accounts) statements.AddToDay(day, sum);
    }

    public void Clear()
    {
        _days.Clear();
        _accounts.Clear();
    }

    private static void Add<T>(Dictionary<T, DaySum> sums, T key, DaySum amount)
        where T : notnull
    {
        ref var sum = ref CollectionsMarshal.GetValueRefOrAddDefault(sums, key, out _);
        sum += amount;
    }
}
