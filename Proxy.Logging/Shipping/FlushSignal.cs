namespace Proxy.Logging.Shipping;

/// <summary>Counts what was committed since the sender last looked, and says when it is worth a request.</summary>
internal sealed class FlushSignal(TimeProvider time)
{
    // Between full batches of a busy target: a request costs both sides more than what is in it. The smallest plan of Langfuse Cloud takes 1,000 a minute, of all projects together.
    private static readonly TimeSpan BusyInterval = TimeSpan.FromMilliseconds(61);

    private readonly Lock _lock = new();

    // Written by those who commit and by the sender, under the lock.
    private TaskCompletionSource _enough = NewSource();
    private TaskCompletionSource _most = NewSource();
    private int _rows;
    private long _bytes;
    private long _since;
    private long _lookedAt;

    public bool IsEmpty
    {
        get
        {
            lock (_lock) return _rows == 0;
        }
    }

    /// <param name="bytes">What was committed.</param>
    /// <param name="enough">So many records, or bytes, are worth a request.</param>
    /// <param name="most">So many go into one.</param>
    public void Add(int bytes, (int Records, int Bytes) enough, (int Records, int Bytes) most)
    {
        lock (_lock)
        {
            if (_rows++ == 0) _since = time.GetTimestamp();
            _bytes += bytes;
            if (_rows >= enough.Records || _bytes >= enough.Bytes) _enough.TrySetResult();
            if (_rows >= most.Records || _bytes >= most.Bytes) _most.TrySetResult();
        }
    }

    /// <summary>To be called before the rows are read: whatever was counted until now will be found.</summary>
    public void Reset()
    {
        lock (_lock)
        {
            if (_enough.Task.IsCompleted) _enough = NewSource();
            if (_most.Task.IsCompleted) _most = NewSource();
            _rows = 0;
            _bytes = 0;
            _lookedAt = time.GetTimestamp();
        }
    }

    /// <summary>Done when there is enough, and the last look was some time ago or there is as much as goes; when the first row has waited long enough; or when the program stops.</summary>
    public async Task WaitAsync(TimeSpan interval, CancellationToken stopping)
    {
        Task enough;
        Task most;
        TimeSpan rest;
        lock (_lock)
        {
            (enough, most) = (_enough.Task, _most.Task);
            rest = interval - time.GetElapsedTime(_since);
        }

        await WaitAsync(enough, rest, stopping);
        if (enough.IsCompleted) await WaitAsync(most, (interval < BusyInterval ? interval : BusyInterval) - time.GetElapsedTime(_lookedAt), stopping);
    }

    private async Task WaitAsync(Task task, TimeSpan longest, CancellationToken stopping)
    {
        if (longest > TimeSpan.Zero) await task.WaitAsync(longest, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
