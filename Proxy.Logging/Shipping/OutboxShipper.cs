using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Proxy.Logging.Outbox;
using Proxy.Logging.Records;

namespace Proxy.Logging.Shipping;

/// <summary>Keeps one sender for each target that has waiting rows, so that no target delays another.</summary>
internal sealed partial class OutboxShipper : IHostedService, IDisposable
{
    private readonly SenderTools _tools;
    private readonly TimeProvider _time;
    private readonly ILogger<OutboxShipper> _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _abort = new();
    private readonly Lock _lock = new();

    // Under the lock, by those who commit and by senders that end: a sender is never removed while it has news.
    private readonly Dictionary<string, TargetSender> _senders = [];
    private readonly Dictionary<string, Task> _runs = [];
    private bool _isClosed;

    private Task _count = Task.CompletedTask;

    // Outlives the senders. As many as there ever were targets.
    private readonly ConcurrentDictionary<string, TargetStatus> _statuses = new();

    public OutboxShipper(SenderTools tools, TimeProvider time, ILogger<OutboxShipper> logger)
    {
        _tools = tools;
        _time = time;
        _logger = logger;
        tools.Metrics.ObserveWaiting(CountWaiting);
        tools.Metrics.ObserveStates(() => [.. _statuses.Select(status => (CompletionLogMetrics.LabelOf(status.Key), status.Value.Trouble is not { } trouble ? 0 : trouble.IsParked ? 2 : 1))]);
        tools.Metrics.ObserveBytes(() => tools.Budget.Bytes);
    }

    /// <summary>Starts a sender for each target that has rows of an earlier run. How many they are is counted while they are sent. The tables must exist.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await _tools.Store.LookAfterJournalAsync(cancellationToken);
        await _tools.Census.BeginAsync(cancellationToken);
        foreach (var row in await _tools.Survey.ListWaitingTargetsAsync(cancellationToken))
        {
            if (_tools.Destinations.Has(row.Kind)) Resume(row.Id, _tools.Targets.Open(row), rows: 0);
        }

        _count = Task.Run(() => CountAsync(_stopping.Token), CancellationToken.None);
    }

    /// <summary>Says that a row of this target has been committed.</summary>
    public void Wake(OutboxEntry entry, OutboxPart part)
    {
        var target = part.Target;
        _tools.Metrics.Accepted(target.Label);
        _tools.Budget.Add(part.Body.Length);
        lock (_lock)
        {
            var isNew = !_senders.TryGetValue(target.Id, out var sender);
            if (isNew && _isClosed) return;

            sender ??= Create_NeedsLock(target.Id, target.Target, mustRead: false);
            sender.Hand(entry, part);
            if (isNew) Start_NeedsLock(sender, atOnce: false);
        }
    }

    /// <summary>Says that rows wait of which nobody was told.</summary>
    public void Resume(string targetId, LogTarget? target, long rows)
    {
        lock (_lock)
        {
            var isNew = !_senders.TryGetValue(targetId, out var sender);
            if (isNew && _isClosed) return;

            sender ??= Create_NeedsLock(targetId, target, mustRead: true);
            sender.Tell(rows);
            if (isNew) Start_NeedsLock(sender, atOnce: true);
        }
    }

    /// <summary>Has rows removed which were not delivered.</summary>
    public async Task<IReadOnlyList<RemovedRow>> RemoveAsync(
        Func<CancellationToken, Task<IReadOnlyList<RemovedRow>>> remove, CancellationToken cancellationToken)
    {
        using var hold = await _tools.Census.HoldAsync(cancellationToken);
        var rows = await remove(cancellationToken);
        Removed(rows);
        return rows;
    }

    /// <summary>Says that rows are gone which were not delivered.</summary>
    public void Removed(IEnumerable<RemovedRow> rows)
    {
        foreach (var row in rows)
        {
            var isCounted = _tools.Census.Has(row.Id);
            if (isCounted) _tools.Budget.Add(-row.Bytes);
            lock (_lock)
            {
                if (!_senders.TryGetValue(row.TargetId, out var sender)) continue;

                if (isCounted) sender.AddWaiting(-row.Rows);
                sender.ForgetHanded();
            }
        }
    }

    /// <summary>What senders hold of this owner's rows must not go out.</summary>
    public void Drop(string owner)
    {
        foreach (var sender in Senders()) sender.Drop(owner);
    }

    /// <summary>Ends the pauses of one target, or of all.</summary>
    public void Hurry(string? targetId)
    {
        foreach (var sender in Senders().Where(sender => targetId is null || sender.TargetId == targetId)) sender.Hurry();
    }

    public TargetStatus StatusOf(string targetId) => _statuses.GetOrAdd(targetId, static _ => new());

    /// <summary>Lets the senders try once more what waits; what is not taken in time stays in the outbox.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        Task[] runs;
        lock (_lock)
        {
            _isClosed = true;
            runs = [.. _runs.Values];
        }

        await _stopping.CancelAsync();
        var all = Task.WhenAll(runs);
        await all.WaitAsync(_tools.Options.ShutdownTimeout, _time, cancellationToken)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _abort.CancelAsync();
        await all.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _count.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await CloseJournalAsync(cancellationToken);

        var left = CountWaiting().Sum(waiting => waiting.Count);
        if (!_tools.Census.IsDone) LogLeftUncounted(_logger);
        else if (left > 0) LogLeft(_logger, left);
    }

    public void Dispose()
    {
        _stopping.Dispose();
        _abort.Dispose();
    }

    /// <remarks>So that a program that has stopped leaves nothing beside its database but what waits. What cannot be moved is found at the next start.</remarks>
    private async Task CloseJournalAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _tools.Store.MoveToBacklogAsync(cancellationToken);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            LogNotMoved(_logger, exception);
        }
    }

    private TargetSender[] Senders()
    {
        lock (_lock) return [.. _senders.Values];
    }

    private TargetSender Create_NeedsLock(string targetId, LogTarget? target, bool mustRead)
    {
        var sender = new TargetSender(targetId, target, mustRead, StatusOf(targetId), _tools, _time, _logger);
        _senders.Add(targetId, sender);
        return sender;
    }

    private void Start_NeedsLock(TargetSender sender, bool atOnce) => _runs[sender.TargetId] = Task.Run(
        () => sender.RunAsync(atOnce, TryEnd, _stopping.Token, _abort.Token));

    private bool TryEnd(TargetSender sender)
    {
        lock (_lock)
        {
            if (!sender.News.IsEmpty || sender.HasMore) return false;
            _senders.Remove(sender.TargetId);
            _runs.Remove(sender.TargetId);
            return true;
        }
    }

    private async Task CountAsync(CancellationToken stopping)
    {
        var found = new Dictionary<string, long>();
        await _tools.Census.RunAsync(
            slice =>
            {
                foreach (var rows in slice)
                {
                    found[rows.TargetId] = found.GetValueOrDefault(rows.TargetId) + rows.Rows;
                    _tools.Budget.Add(rows.Bytes);

                    // Its sender is there, unless nobody sends what is of its kind: it ends when no row waits.
                    lock (_lock) _senders.GetValueOrDefault(rows.TargetId)?.AddWaiting(rows.Rows);
                }
            },
            stopping);
        foreach (var (target, count) in found) LogLeftover(_logger, count, CompletionLogMetrics.LabelOf(target));
    }

    private IReadOnlyList<(string Target, long Count)> CountWaiting()
    {
        lock (_lock) return [.. _senders.Values.Select(sender => (sender.Label, sender.Waiting))];
    }

    [LoggerMessage(LogLevel.Information, "{Count} records of an earlier run waited for log target {Target} when they were counted.")]
    private static partial void LogLeftover(ILogger logger, long count, string target);

    [LoggerMessage(LogLevel.Warning, "The journal of the outbox stays as it is; it is read at the next start.")]
    private static partial void LogNotMoved(ILogger logger, Exception exception);

    [LoggerMessage(LogLevel.Warning, "Records stay in the outbox, which were not yet counted; they are sent after the next start.")]
    private static partial void LogLeftUncounted(ILogger logger);

    [LoggerMessage(LogLevel.Warning, "{Count} records stay in the outbox; they are sent after the next start.")]
    private static partial void LogLeft(ILogger logger, long count);
}
