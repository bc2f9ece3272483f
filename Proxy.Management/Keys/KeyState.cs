using Proxy.Management.Access;
using Proxy.Management.Storage;
using Proxy.Management.Teams;

namespace Proxy.Management.Keys;

/// <summary>A key while the program runs. There is one per key, with its spend and its team.</summary>
public sealed class KeyState
{
    private readonly SpendMeter _meter;
    private volatile Snapshot _snapshot;

    internal KeyState(KeyIdentity identity, decimal spend, TeamState? team)
    {
        _meter = new SpendMeter(spend);
        _snapshot = new Snapshot(identity);
        Team = team;
        Caller = new Caller(this);
    }

    /// <summary>The row as of the latest change.</summary>
    public KeyIdentity Current => _snapshot.Identity;

    public TeamState? Team { get; }

    public decimal Spend => _meter.Spend;

    public bool IsOverBudget => _meter.HasReached(_snapshot.MaxBudgetPicos);

    /// <summary>The caller that presents this key; made once, so that a warm key allocates nothing.</summary>
    internal Caller Caller { get; }

    internal void Replace(KeyIdentity identity) => _snapshot = new Snapshot(identity);

    internal void AddSpend(long picos) => _meter.Add(picos);

    private sealed record Snapshot(KeyIdentity Identity)
    {
        public long? MaxBudgetPicos { get; } = Identity.MaxBudget is { } budget ? Money.ToPico(budget) : null;
    }
}
