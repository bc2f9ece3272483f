using System.Data.Common;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;

namespace Proxy.Management.Storage;

/// <summary>The single writer. Whoever waits at the same moment shares a commit.</summary>
/// <remarks>One thread owns the one connection that writes. A group that fails is rolled back and its works run
/// again one by one, each in a transaction of its own, so that a poison work fails alone.</remarks>
#pragma warning disable CA1711 // It is a queue.
public sealed partial class CommitQueue : IDisposable
#pragma warning restore CA1711
{
    /// <summary>How many works may wait; also the largest group. Beyond it callers wait for room.</summary>
    private const int Capacity = 4096;

    private static readonly TimeSpan GiveUpAfter = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan ProbeInterval = TimeSpan.FromSeconds(1);

    private readonly Database _database;
    private readonly ILogger<CommitQueue> _logger;
    private readonly IDatabaseWriter _writer;
    private readonly CommitGroup _runner;
    private readonly Thread _thread;

    // Touched by callers and the writer.
    private readonly SemaphoreSlim _room = new(Capacity);
    private readonly object _gate = new();
    private List<ICommitWork> _waiting = [];
    private bool _isClosed;

    // Set by the writer, read by anybody.
    private volatile bool _isWritable = true;

    // Touched by the writer only.
    private List<ICommitWork> _group = [];

    /// <exception cref="IOException">Another process writes this database.</exception>
    public CommitQueue(Database database, ILogger<CommitQueue> logger, IMeterFactory? meters = null)
    {
        (_database, _logger) = (database, logger);
        _writer = database.Engine.OpenWriter();
        _runner = new CommitGroup(_writer, new CommitMetrics(meters, () => Capacity - _room.CurrentCount, () => _isWritable), logger);
        _thread = new Thread(Loop) { IsBackground = true, Name = "commit queue" };
        _thread.Start();
    }

    /// <summary>False while the database itself refuses: it is locked, full, or cannot be written. What costs money should not begin then.</summary>
    public bool IsWritable => _isWritable;

    /// <summary>Whether the tables say all that was committed: nothing is deferred.</summary>
    internal bool IsSettled => _runner.Deferred?.IsSettled ?? true;

    /// <summary>Runs the work on the writer's thread; done when it is committed. Works see what earlier works of their group wrote.</summary>
    /// <param name="work">A short write. It may run twice (never half), so it must not keep anything outside the database.</param>
    /// <param name="cancellationToken">Stops the waiting for room; what is in the queue runs.</param>
    public Task<T> WriteAsync<T>(Func<DbConnection, DbTransaction, T> work, CancellationToken cancellationToken) =>
        WriteAsync(work, committed: null, cancellationToken);

    /// <summary>As the other, for a work that neither reads nor changes what calls are summed in: keys, teams, accounts, days. It does not have the sums written.</summary>
    public Task<T> WriteApartAsync<T>(Func<DbConnection, DbTransaction, T> work, CancellationToken cancellationToken) =>
        RunAsync(new DelegateWork<T>(work, committed: null, isApart: true), cancellationToken);

    /// <summary>As the other, and tells about the commit on the writer's thread, so in the order of the commits and before the task is done.</summary>
    internal Task<T> WriteAsync<T>(Func<DbConnection, DbTransaction, T> work, Action<T>? committed, CancellationToken cancellationToken) =>
        RunAsync(new DelegateWork<T>(work, committed, isApart: false), cancellationToken);

    /// <summary>Has everything written that is deferred.</summary>
    /// <exception cref="DbException">The database refuses.</exception>
    internal async Task SettleAsync(CancellationToken cancellationToken)
    {
        var work = new SettleWork();
        if (!TryEnqueue(work)) await EnqueueAsync(work, cancellationToken);
        await work.Task.WaitAsync(cancellationToken);
    }

    /// <returns>False when the queue is full.</returns>
    internal bool TryEnqueue(ICommitWork work)
    {
        if (!_room.Wait(0)) return false;

        Add(work);
        return true;
    }

    internal async Task EnqueueAsync(ICommitWork work, CancellationToken cancellationToken)
    {
        await _room.WaitAsync(cancellationToken);
        Add(work);
    }

    /// <summary>From now on these are written when they are due, before who reads the database, and at the end; then they are disposed of.</summary>
    internal void Defer(IDeferredWrites writes)
    {
        _runner.Deferred = writes;
        _database.BeforeReading = SettleForReaderAsync;
    }

    /// <summary>Commits what waits, then closes.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_isClosed) return;

            if (_runner.Deferred is not null) _waiting.Add(new SettleWork());
            _isClosed = true;
            Monitor.Pulse(_gate);
        }

        _thread.Join();
        _runner.Deferred?.Dispose();
        _writer.Dispose();
        _room.Dispose();
    }

    private async Task<T> RunAsync<T>(DelegateWork<T> work, CancellationToken cancellationToken)
    {
        if (!TryEnqueue(work)) await EnqueueAsync(work, cancellationToken);
        return await work.Task;
    }

    /// <remarks>While the database refuses nobody waits for it: what is read then would be too little, and may be kept in memory.</remarks>
    private ValueTask SettleForReaderAsync(CancellationToken cancellationToken)
    {
        if (IsSettled || _isClosed) return ValueTask.CompletedTask;
        if (!_isWritable) return ValueTask.FromException(new DatabaseUnavailableException("The database cannot be written, and what calls have spent is not summed."));

        return new ValueTask(SettleAsync(cancellationToken));
    }

    private void Add(ICommitWork work)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isClosed, this);

            _waiting.Add(work);
            if (_waiting.Count == 1) Monitor.Pulse(_gate);
        }
    }

    private void Loop()
    {
        while (TakeGroup())
        {
            if (!TryRunWhole(out var exception)) _runner.RunOneByOne(_group, exception!);

            var count = _group.Count;
            _group.Clear();
            _room.Release(count);
        }
    }

    /// <summary>What the database refuses is nobody's fault in the group, so the group waits for it, but not for ever.</summary>
    private bool TryRunWhole(out Exception? exception)
    {
        var started = Stopwatch.GetTimestamp();
        while (!_runner.TryRun(_group, 0, _group.Count, out exception))
        {
            if (!DatabaseTrouble.IsIn(exception!)) return false;

            _isWritable = false;
            if (Stopwatch.GetElapsedTime(started) > GiveUpAfter || _isClosed) return false;
            lock (_gate) Monitor.Wait(_gate, ProbeInterval);
        }

        _isWritable = true;
        return true;
    }

    /// <returns>False when the queue is closed and empty.</returns>
    private bool TakeGroup()
    {
        if (!AwaitWork()) return false;

        // Whoever is about to add to the group goes first. Where all cores are busy groups are larger for it; elsewhere it costs nothing.
        Thread.Yield();
        lock (_gate) (_group, _waiting) = (_waiting, _group);
        return true;
    }

    /// <returns>False when the queue is closed and empty.</returns>
    private bool AwaitWork()
    {
        lock (_gate)
        {
            while (_waiting.Count == 0)
            {
                if (_isClosed) return false;

                // Nobody may come while the database refuses, so it is asked whether it still does.
                if (_isWritable) Monitor.Wait(_gate);
                else if (!Monitor.Wait(_gate, ProbeInterval)) Probe();
            }

            return true;
        }
    }

    private void Probe()
    {
        try
        {
            using var transaction = _writer.Begin();
            transaction.Commit();
            _isWritable = true;
            LogWritable();
        }
        catch (Exception exception) when (DatabaseTrouble.IsIn(exception))
        {
            // Still not.
        }
    }

    [LoggerMessage(LogLevel.Information, "The database can be written again.")]
    private partial void LogWritable();
}
