using Proxy.Management.Storage;

namespace Proxy.Management.Budgets;

/// <summary>The budget and the limits of the whole program, which stand in its configuration; its spend has a row like any other.</summary>
public sealed class ProxyLimits
{
    private readonly AccountRing _ring;
    private readonly AccountStore _store;
    private readonly BudgetResets _resets;
    private readonly BudgetCalendar _calendar;
    private readonly TimeProvider _time;

    internal ProxyLimits(AccountRing ring, AccountStore store, BudgetResets resets, BudgetCalendar calendar, TimeProvider time) =>
        (_ring, _store, _resets, _calendar, _time) = (ring, store, resets, calendar, time);

    /// <summary>What the whole program has spent in its present period, and what it may.</summary>
    internal (decimal Spend, decimal? MaxBudget) Standing => (_ring.Proxy.Spend, _ring.Proxy.Terms.MaxBudget);

    /// <summary>Reads what was spent before this start.</summary>
    internal async Task LoadAsync()
    {
        if (await _store.FindAsync(AccountId.Proxy, CancellationToken.None) is not { } row) return;

        lock (_ring.Gate)
        {
            _ring.Proxy.SetSpend(row.Spend);
            _ring.Proxy.ResetAt = Columns.ToMoment(row.BudgetResetAt);
        }
    }

    /// <summary>From now on these hold, and budgets begin anew at the midnight of this zone.</summary>
    public void Apply(AccountTerms terms, TimeZoneInfo zone)
    {
        _calendar.Zone = zone;
        DateTimeOffset? next = null;
        lock (_ring.Gate)
        {
            var old = _ring.Proxy.ResetAt;
            var isNew = terms.BudgetDuration is not null && (old is null || _ring.Proxy.Terms.BudgetDuration is { } before && before != terms.BudgetDuration);
            next = isNew ? _calendar.NextReset(terms.BudgetDuration, _time.GetUtcNow()) : null;
            _ring.Proxy.Apply(terms with { BudgetResetAt = terms.BudgetDuration is null ? null : next ?? old });
        }

        if (next is not null) _resets.Schedule(AccountId.Proxy, next);
    }
}
