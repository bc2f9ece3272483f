using Proxy.Management.Storage;

namespace Proxy.Management.Teams;

/// <summary>A team while the program runs. There is one per team, so that its keys can hold on to it.</summary>
public sealed class TeamState
{
    private readonly SpendMeter _meter;
    private volatile Snapshot _snapshot;

    internal TeamState(TeamIdentity identity, decimal spend)
    {
        _meter = new SpendMeter(spend);
        _snapshot = new Snapshot(identity);
    }

    /// <summary>The row as of the latest change.</summary>
    public TeamIdentity Current => _snapshot.Identity;

    public decimal Spend => _meter.Spend;

    public bool IsOverBudget => _meter.HasReached(_snapshot.MaxBudgetPicos);

    internal void Replace(TeamIdentity identity) => _snapshot = new Snapshot(identity);

    internal void AddSpend(long picos) => _meter.Add(picos);

    private sealed record Snapshot(TeamIdentity Identity)
    {
        public long? MaxBudgetPicos { get; } = Identity.MaxBudget is { } budget ? Money.ToPico(budget) : null;
    }
}
