namespace Proxy.Management.Limits;

/// <summary>What was used within the last 60 seconds. Not thread-safe: whoever holds it locks.</summary>
/// <remarks>Uses less than a second apart share a part, which leaves the window when its last use does. So the window never counts less
/// than a true one, a lone use leaves it after exactly 60 seconds, and memory is bounded however high the limit is.</remarks>
internal sealed class SlidingWindow
{
    public const long Length = 60 * TimeSpan.TicksPerSecond;

    private const long Grain = TimeSpan.TicksPerSecond;
    private const int Capacity = 64;

    private readonly Part[] _parts = new Part[Capacity];
    private int _first;
    private int _count;
    private long _used;

    /// <param name="now">Ticks of a clock that never goes back.</param>
    public long UsedAt(long now)
    {
        while (_count > 0 && _parts[_first].Last + Length <= now)
        {
            _used -= _parts[_first].Amount;
            _first = (_first + 1) % Capacity;
            _count--;
        }

        return _used;
    }

    public void Add(long now, long amount)
    {
        UsedAt(now);
        _used += amount;
        if (_count > 0)
        {
            ref var latest = ref _parts[(_first + _count - 1) % Capacity];
            if (now - latest.Start < Grain)
            {
                latest.Amount += amount;
                latest.Last = Math.Max(latest.Last, now);
                return;
            }
        }

        _parts[(_first + _count) % Capacity] = new Part { Start = now, Last = now, Amount = amount };
        _count++;
    }

    /// <summary>Gives back what was used at a moment, as far as it is still in the window.</summary>
    public void TakeBack(long at, long amount)
    {
        for (var i = _count - 1; i >= 0; i--)
        {
            ref var part = ref _parts[(_first + i) % Capacity];
            if (part.Start > at) continue;

            var given = part.Last >= at ? Math.Min(amount, part.Amount) : 0;
            part.Amount -= given;
            _used -= given;
            return;
        }
    }

    /// <summary>When less than the limit will be used, if nothing is added.</summary>
    public long FreeAt(long now, long limit)
    {
        var used = UsedAt(now);
        for (var i = 0; i < _count && used >= limit; i++)
        {
            var part = _parts[(_first + i) % Capacity];
            used -= part.Amount;
            if (used < limit) return part.Last + Length;
        }

        return now;
    }

    private struct Part
    {
        public long Start, Last, Amount;
    }
}
