using System.Collections.Concurrent;

namespace Proxy.Host.Prometheus;

/// <summary>Figures by labels, of which there are at most so many; what comes after is counted together.</summary>
/// <remarks>A known series is found without allocation and without a lock.</remarks>
internal sealed class SeriesTable<TKey, TSeries>(int limit, Func<TKey, TSeries> create)
    where TKey : struct, IEquatable<TKey>
    where TSeries : class
{
    private readonly ConcurrentDictionary<TKey, TSeries> _series = new();
    private int _count;
    private TSeries? _overflow;

    /// <summary>Null as long as there was room for all.</summary>
    public TSeries? Overflow => Volatile.Read(ref _overflow);

    public IEnumerable<KeyValuePair<TKey, TSeries>> All => _series;

    /// <returns>Null when nothing was counted for it.</returns>
    public TSeries? Find(in TKey key) => _series.GetValueOrDefault(key);

    public TSeries Of(in TKey key)
    {
        if (_series.TryGetValue(key, out var known)) return known;
        if (Interlocked.Increment(ref _count) > limit)
        {
            Interlocked.Decrement(ref _count);
            return Overflow ?? Interlocked.CompareExchange(ref _overflow, create(default), null) ?? _overflow;
        }

        var made = create(key);
        var kept = _series.GetOrAdd(key, made);
        if (!ReferenceEquals(made, kept)) Interlocked.Decrement(ref _count);
        return kept;
    }

    /// <summary>Makes room: whoever reads a counter takes one that is gone for one that began anew.</summary>
    public void Forget(Func<TSeries, bool> isIdle)
    {
        foreach (var (key, series) in _series)
        {
            if (isIdle(series) && _series.TryRemove(key, out _)) Interlocked.Decrement(ref _count);
        }
    }
}
