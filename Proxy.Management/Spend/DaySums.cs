using System.Runtime.InteropServices;
using Proxy.Management.Budgets;

namespace Proxy.Management.Spend;

/// <summary>The sums of days that calls add to.</summary>
internal sealed class DaySums
{
    private readonly Dictionary<SpendDay, DaySum> _days = [];
    private readonly Dictionary<AccountDay, DaySum> _accounts = [];

    public int Count => _days.Count + _accounts.Count;

    public void Add(SpendEntry entry, long picos)
    {
        var sum = DaySum.Of(entry, picos);
        Add(_days, SpendDay.Of(entry), sum);
        if (entry.EndUser is { } customer) Add(_accounts, AccountDay.Of(AccountKind.Customer, customer, entry), sum);
        foreach (var tag in entry.Tags) Add(_accounts, AccountDay.Of(AccountKind.Tag, tag, entry), sum);
    }

    public IEnumerable<Action<ISpendStatements>> ToWrites()
    {
        foreach (var (day, sum) in _days) yield return statements => statements.AddToDay(day, sum);
        foreach (var (day, sum) in _accounts) yield return statements => statements.AddToDay(day, sum);
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
