using Microsoft.Extensions.Logging;
using Proxy.Logging.Outbox;

namespace Proxy.Logging.Shipping;

/// <summary>Counts what earlier runs left in the outbox, a slice at a time and while all else goes on: a start need not read the whole of it.</summary>
/// <remarks>
/// Rows that leave meanwhile are taken off the books only if they are on them, which is the case up to where the count is and for rows of this run. So that this is
/// never a guess, no slice is read between a removal and its booking: who removes rows holds the count meanwhile.
/// </remarks>
internal sealed partial class OutboxCensus(OutboxSurvey survey, TimeProvider time, ILogger<OutboxCensus> logger)
{
    private const long Everything = long.MaxValue;

    /// <summary>How much longer than a slice the pause after it is: calls, and the start itself, want the processor and the disk more.</summary>
    private const int PauseShare = 4;

    private static readonly TimeSpan FaultPause = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly TaskCompletionSource _done = NewSource();

    // Under the lock: how many hold the count, what they wait for while a slice is read, and what that waits for before.
    private int _holds;
    private TaskCompletionSource? _slice;
    private TaskCompletionSource? _quiet;

    // Written while nobody holds the count. What lies between is not on the books.
    private long _countedTo = Everything;
    private long _lastLeft;

    /// <summary>Rows of a slice: a few milliseconds, for which removals wait.</summary>
    public int SliceRows { get; set; } = 2_000;

    public bool IsDone => Volatile.Read(ref _countedTo) == Everything;

    /// <summary>Done when all is counted.</summary>
    public Task Done => _done.Task;

    /// <summary>Whether a row is on the books. To be asked by who holds the count.</summary>
    public bool Has(long id) => id <= Volatile.Read(ref _countedTo) || id > _lastLeft;

    /// <summary>Finds out what there is to count. Before the first row of this run is written or removed.</summary>
    public async Task BeginAsync(CancellationToken cancellationToken)
    {
        _lastLeft = await survey.FindLastIdAsync(cancellationToken);
        if (_lastLeft > 0) Volatile.Write(ref _countedTo, 0);
        else _done.SetResult();
    }

    /// <summary>To be taken before rows are removed, and disposed of when it is booked that they are gone.</summary>
    public async ValueTask<IDisposable?> HoldAsync(CancellationToken cancellationToken)
    {
        while (!IsDone)
        {
            Task slice;
            lock (_lock)
            {
                if (_slice is null)
                {
                    _holds++;
                    return new Hold(this);
                }

                slice = _slice.Task;
            }

            await slice.WaitAsync(cancellationToken);
        }

        return null;
    }

    /// <param name="book">Gets each slice, before anything of it can be removed.</param>
    /// <param name="stopping">Ends the count where it is.</param>
    public async Task RunAsync(Action<IReadOnlyList<CountedRows>> book, CancellationToken stopping)
    {
        while (!IsDone && !stopping.IsCancellationRequested)
        {
            try
            {
                var startedAt = time.GetTimestamp();
                await CountSliceAsync(book, stopping);
                if (!IsDone) await Task.Delay(time.GetElapsedTime(startedAt) * PauseShare, time, stopping);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                LogFault(exception);
                await Task.Delay(FaultPause, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task CountSliceAsync(Action<IReadOnlyList<CountedRows>> book, CancellationToken stopping)
    {
        var quiet = NewSource();
        lock (_lock)
        {
            _slice = NewSource();
            _quiet = quiet;
            if (_holds == 0) quiet.SetResult();
        }

        try
        {
            await quiet.Task.WaitAsync(stopping);
            var slice = await survey.CountSliceAsync(_countedTo, _lastLeft, SliceRows, stopping);
            book(slice);
            Volatile.Write(ref _countedTo, slice.Sum(rows => rows.Rows) < SliceRows ? Everything : slice.Max(rows => rows.LastId));
        }
        finally
        {
            lock (_lock)
            {
                _slice.SetResult();
                _slice = _quiet = null;
            }
        }

        if (IsDone) _done.SetResult();
    }

    private void Release()
    {
        lock (_lock)
        {
            if (--_holds == 0) _quiet?.SetResult();
        }
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private sealed class Hold(OutboxCensus census) : IDisposable
    {
        public void Dispose() => census.Release();
    }

    [LoggerMessage(LogLevel.Error, "The count of the records that earlier runs left has failed and will go on in a while.")]
    private partial void LogFault(Exception exception);
}
