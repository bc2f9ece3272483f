namespace Proxy.Management.Storage;

/// <summary>Money used, in memory beside its row; any thread may add.</summary>
internal sealed class SpendMeter(decimal spend)
{
    private long _picos = Money.ToPico(spend);

    public decimal Spend => Money.FromPico(Volatile.Read(ref _picos));

    public void Add(long picos) => Interlocked.Add(ref _picos, picos);

    /// <summary>The one comparison for every budget: used up is reached, not passed.</summary>
    public bool HasReached(long? budgetPicos) => budgetPicos is { } budget && Volatile.Read(ref _picos) >= budget;
}
