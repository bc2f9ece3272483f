namespace Proxy.Logging.Shipping;

/// <summary>Counts what was committed since the sender last looked, and says when it is worth a request.</summary>
internal sealed class FlushSignal(TimeProvider time)
{
    private readonly Lock _lock = new();

    // Written by those who commit and by the sender, under the lock.
    private TaskCompletionSource _full = NewSource();
    private int _rows;
    private long _bytes;
    private long _since;

    public bool IsEmpty
    {
        get
        {
            lock (_lock) return _rows == 0;
        }
    }

    public void Add(int bytes, int batchSize, int maxBytes)
    {
        lock (_lock)
        {
            if (_rows++ == 0) _since = time.GetTimestamp();
            _bytes += bytes;
            if (_rows >= batchSize || _bytes >= maxBytes) _full.TrySetResult();
        }
    }

    /// <summary>To be called before the rows are read: whatever was counted until now will be found.</summary>
    public void Reset()
    {
        lock (_lock)
        {
            if (_full.Task.IsCompleted) _full = NewSource();
            _rows = 0;
            _bytes = 0;
        }
    }

    /// <summary>Done when a batch is full, when its first row has waited long enough, or when the program stops.</summary>
    public async Task WaitAsync(TimeSpan interval, CancellationToken stopping)
    {
        Task full;
        TimeSpan rest;
        lock (_lock)
        {
            full = _full.Task;
            rest = interval - time.GetElapsedTime(_since);
        }

        if (rest > TimeSpan.Zero) await full.WaitAsync(rest, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
