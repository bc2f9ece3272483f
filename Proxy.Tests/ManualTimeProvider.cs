namespace Proxy.Tests;

/// <summary>A clock that stands still until a test moves it, with the timers that hang on it.</summary>
internal sealed class ManualTimeProvider : TimeProvider
{
    private static readonly TimeSpan WaitLimit = TimeSpan.FromSeconds(20);

    private readonly Lock _lock = new();
    private readonly List<ManualTimer> _timers = [];
    private readonly List<(Predicate<TimeSpan> IsDue, TaskCompletionSource Seen)> _waiters = [];
    private DateTimeOffset _now = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock) return _now;
    }

    public override long GetTimestamp() => GetUtcNow().Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Moves the clock and runs, in order, what comes due.</summary>
    public void Advance(TimeSpan time)
    {
        var end = GetUtcNow() + time;
        while (TakeDue(end) is { } timer) timer.Run();
        lock (_lock) _now = end;
    }

    /// <summary>Done when somebody waits for exactly this time from now.</summary>
    public Task WaitForTimerAsync(TimeSpan due) => WaitForTimerAsync(rest => rest == due);

    /// <summary>Done when so many wait for exactly this time from now.</summary>
    public Task WaitForTimersAsync(TimeSpan due, int count) => Eventually.BecomesAsync(
        () =>
        {
            lock (_lock) return Task.FromResult(_timers.Count(timer => timer.Due - _now == due));
        },
        waiting => waiting >= count);

    /// <summary>Done when somebody waits for such a time from now.</summary>
    public Task WaitForTimerAsync(Predicate<TimeSpan> isDue)
    {
        lock (_lock)
        {
            if (_timers.Any(timer => isDue(timer.Due - _now))) return Task.CompletedTask;
            var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiters.Add((isDue, seen));
            return seen.Task.WaitAsync(WaitLimit);
        }
    }

    private ManualTimer? TakeDue(DateTimeOffset end)
    {
        lock (_lock)
        {
            var timer = _timers.Where(timer => timer.Due <= end).MinBy(timer => timer.Due);
            if (timer is null) return null;
            if (timer.Due > _now) _now = timer.Due;
            _timers.Remove(timer);
            return timer;
        }
    }

    private void Set(ManualTimer timer, TimeSpan dueTime)
    {
        lock (_lock)
        {
            _timers.Remove(timer);
            if (dueTime == Timeout.InfiniteTimeSpan) return;
            timer.Due = _now + dueTime;
            _timers.Add(timer);
            foreach (var (_, seen) in _waiters.Where(waiter => waiter.IsDue(dueTime))) seen.TrySetResult();
            _waiters.RemoveAll(waiter => waiter.IsDue(dueTime));
        }
    }

    private sealed class ManualTimer(ManualTimeProvider time, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan _period = Timeout.InfiniteTimeSpan;

        public DateTimeOffset Due { get; set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            _period = period > TimeSpan.Zero ? period : Timeout.InfiniteTimeSpan;
            time.Set(this, dueTime);
            return true;
        }

        public void Run()
        {
            if (_period != Timeout.InfiniteTimeSpan) time.Set(this, _period);
            callback(state);
        }

        public void Dispose() => time.Set(this, Timeout.InfiniteTimeSpan);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }
    }
}
