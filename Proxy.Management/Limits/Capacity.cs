namespace Proxy.Management.Limits;

/// <summary>What a deployment may take. Null stands for no limit.</summary>
/// <param name="RpmLimit">Attempts within 60 seconds.</param>
/// <param name="TpmLimit">Tokens within 60 seconds.</param>
/// <param name="MaxParallelRequests">Attempts under way.</param>
public sealed record CapacityLimits(long? RpmLimit, long? TpmLimit, long? MaxParallelRequests)
{
    public static readonly CapacityLimits None = new(null, null, null);
}

/// <summary>How much of what a deployment may take is in use. There is one per deployment, whatever becomes of its limits.</summary>
public sealed class Capacity(TimeProvider time)
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(1);

    // Guarded by the lock.
    private readonly Lock _lock = new();
    private readonly SlidingWindow _requests = new();
    private readonly SlidingWindow _tokens = new();
    private long _slots;

    /// <summary>Attempts under way.</summary>
    public long Slots => Volatile.Read(ref _slots);

    /// <param name="limits">The limits as they are now.</param>
    /// <param name="wait">How long until one more is taken; null when time alone does not bring that.</param>
    public bool IsFull(CapacityLimits limits, out TimeSpan? wait)
    {
        lock (_lock) return IsFull_NeedsLock(limits, Clock(), out wait);
    }

    internal bool IsRateFull(CapacityLimits limits, out TimeSpan? wait)
    {
        lock (_lock) return IsRateFull_NeedsLock(limits, Clock(), out wait);
    }

    /// <summary>Counts an attempt, and holds a slot and its tokens until it ends.</summary>
    /// <returns>Null when it is full; then nothing is counted.</returns>
    public CapacityPermit? TryTake(CapacityLimits limits, long tokens)
    {
        lock (_lock)
        {
            var clock = Clock();
            if (IsFull_NeedsLock(limits, clock, out _)) return null;

            _slots++;
            if (limits.RpmLimit is not null) _requests.Add(clock, 1);
            var held = limits.TpmLimit is null ? 0 : tokens;
            if (held > 0) _tokens.Add(clock, held);
            return new CapacityPermit(this, clock, limits, held);
        }
    }

    /// <summary>Counts what was used besides.</summary>
    internal void Add(long requests, long tokens)
    {
        lock (_lock)
        {
            if (requests > 0) _requests.Add(Clock(), requests);
            if (tokens > 0) _tokens.Add(Clock(), tokens);
        }
    }

    internal void End(long takenAt, long held, long tokens)
    {
        lock (_lock)
        {
            _slots--;
            if (tokens < held) _tokens.TakeBack(takenAt, held - tokens);
            else if (tokens > held) _tokens.Add(Clock(), tokens - held);
        }
    }

    private bool IsFull_NeedsLock(CapacityLimits limits, long clock, out TimeSpan? wait)
    {
        if (IsRateFull_NeedsLock(limits, clock, out wait)) return true;
        if (limits.MaxParallelRequests is not { } slots || _slots < slots) return false;

        wait = slots > 0 ? Soon : null;
        return true;
    }

    private bool IsRateFull_NeedsLock(CapacityLimits limits, long clock, out TimeSpan? wait)
    {
        wait = TimeSpan.Zero;
        if (limits.RpmLimit is { } rpm && _requests.UsedAt(clock) >= rpm) wait = WaitOf(_requests, clock, rpm);
        if (wait is not null && limits.TpmLimit is { } tpm && _tokens.UsedAt(clock) >= tpm && !(WaitOf(_tokens, clock, tpm) <= wait)) wait = WaitOf(_tokens, clock, tpm);
        if (wait != TimeSpan.Zero) return true;

        wait = null;
        return false;
    }

    private static TimeSpan? WaitOf(SlidingWindow window, long clock, long limit) =>
        limit > 0 ? TimeSpan.FromTicks(window.FreeAt(clock, limit) - clock) : null;

    private long Clock() => time.GetElapsedTime(0, time.GetTimestamp()).Ticks;
}

/// <summary>What one attempt holds of a deployment, until it ends; whoever says so first, and once.</summary>
public sealed class CapacityPermit
{
    private readonly long _takenAt;
    private readonly CapacityLimits _limits;
    private readonly long _held;
    private Capacity? _capacity;

    internal CapacityPermit(Capacity capacity, long takenAt, CapacityLimits limits, long held) =>
        (_capacity, _takenAt, _limits, _held) = (capacity, takenAt, limits, held);

    /// <summary>Whether there is a rate within its limits for one request more; its slot the attempt has.</summary>
    /// <param name="wait">How long until there is; null when time alone does not bring that.</param>
    public bool HasRate(out TimeSpan? wait)
    {
        wait = null;
        return Volatile.Read(ref _capacity)?.IsRateFull(_limits, out wait) != true;
    }

    /// <summary>One request more within the attempt.</summary>
    public void AddRequest()
    {
        if (_limits.RpmLimit is not null) Volatile.Read(ref _capacity)?.Add(1, 0);
    }

    /// <summary>A part of what the attempt uses is known, and counts from now on; its end says what is not among these parts.</summary>
    public void Add(long tokens)
    {
        if (_limits.TpmLimit is not null && tokens > 0) Volatile.Read(ref _capacity)?.Add(0, tokens);
    }

    /// <param name="tokens">What the attempt used; null leaves the estimate.</param>
    public void End(long? tokens) =>
        Interlocked.Exchange(ref _capacity, null)?.End(_takenAt, _held, _limits.TpmLimit is not null ? tokens ?? _held : _held);
}
