using Microsoft.Extensions.Logging;
using Proxy.Logging.Langfuse;
using Proxy.Logging.Records;

namespace Proxy.Logging.Shipping;

/// <summary>Empties the outbox of one target, batch by batch. An asynchronous loop that lives as long as rows wait.</summary>
internal sealed partial class TargetSender(string targetId, LogTarget? target, SenderTools tools, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan FaultPause = TimeSpan.FromSeconds(10);

    private readonly TargetDelivery _delivery = new(targetId, target, tools, logger);

    // How many rows to read: halved when a batch is refused, doubled when one is taken.
    private int _limit = int.MaxValue;
    private long _waiting;

    public string TargetId { get; } = targetId;

    public string Label { get; } = CompletionLogMetrics.LabelOf(targetId);

    /// <summary>What was committed since this sender last read its rows.</summary>
    public FlushSignal News { get; } = new(time);

    /// <remarks>A row may be sent before its commit is announced, so the count can pass below zero for a moment.</remarks>
    public long Waiting => Math.Max(0, Interlocked.Read(ref _waiting));

    public void AddWaiting(long rows) => Interlocked.Add(ref _waiting, rows);

    /// <remarks>
    /// <paramref name="atOnce"/>: do not wait for a batch to fill, the rows are from an earlier run. <paramref name="tryEnd"/> ends this
    /// sender, unless there are news that nobody else would see. <paramref name="stopping"/> ends every wait, <paramref name="abort"/>
    /// also what is under way.
    /// </remarks>
    public async Task RunAsync(bool atOnce, Func<TargetSender, bool> tryEnd, CancellationToken stopping, CancellationToken abort)
    {
        var hasMore = atOnce;
        do
        {
            try
            {
                if (!hasMore) await News.WaitAsync(tools.Options.FlushInterval, stopping);
                hasMore = await ShipBatchAsync(stopping, abort);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                LogFault(logger, exception, Label);
                hasMore = true;
                await Task.Delay(FaultPause, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (stopping.IsCancellationRequested) return;
            }
        }
        while (hasMore || !tryEnd(this));
    }

    /// <returns>Whether more rows are known to wait.</returns>
    private async Task<bool> ShipBatchAsync(CancellationToken stopping, CancellationToken abort)
    {
        var limit = Math.Min(_limit, tools.Options.BatchSize);
        News.Reset();
        using var batch = new OtlpBatch();
        var (hasMore, unreadable) = await FillAsync(batch, limit, abort);
        if (unreadable is { } row) await BuryAsync(row.Id, "unreadable", row.Reason, abort);
        if (batch.Ids.Count == 0) return hasMore;

        var verdict = await _delivery.DeliverAsync(batch, stopping, abort);
        switch (verdict.Kind)
        {
            case Delivery.Delivered:
                await SettleAsync(token => tools.Store.DeleteAsync(batch.Ids, token), batch.Ids.Count, abort);
                tools.Metrics.Delivered(Label, batch.Ids.Count);
                _limit = limit * 2;
                return hasMore;
            case Delivery.Halve:
                _limit = Math.Max(1, batch.Ids.Count / 2);
                return true;
            case Delivery.DeadLetter:
                await BuryAsync(batch.Ids[0], verdict.Reason, verdict.Answer, abort);
                return true;
            default:
                // Only while the program stops: the rows stay for the next start.
                throw new OperationCanceledException(stopping);
        }
    }

    /// <returns>The row that stopped the reading because it was not written by us; the batch is then what stands before it.</returns>
    private async Task<(bool HasMore, UnreadableRow? Unreadable)> FillAsync(OtlpBatch batch, int limit, CancellationToken abort)
    {
        await foreach (var row in tools.Store.ReadAsync(TargetId, limit, abort))
        {
            try
            {
                if (!batch.TryAdd(row.Id, RecordJson.Read(row.Body))) return (true, null);
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                // Rendering is a pure function of the row: what it throws now it would throw for ever.
                return (true, new(row.Id, exception.Message));
            }

            if (batch.Bytes >= tools.Options.MaxBatchBytes) return (true, null);
        }

        return (batch.Ids.Count == limit, null);
    }

    private async Task BuryAsync(long id, string reason, string answer, CancellationToken abort)
    {
        await SettleAsync(token => tools.Store.BuryAsync(id, answer, token), 1, abort);
        tools.Metrics.DeadLettered(Label);
        LogDeadLettered(logger, Label, id, reason);
    }

    private async Task SettleAsync(Func<CancellationToken, Task> write, int rows, CancellationToken abort)
    {
        await tools.Retries.Settling.ExecuteAsync(static async (write, token) => await write(token), write, abort);
        AddWaiting(-rows);
    }

    [LoggerMessage(LogLevel.Warning, "Log target {Target} will never take record {Id} ({Reason}): it was moved to the dead letters.")]
    private static partial void LogDeadLettered(ILogger logger, string target, long id, string reason);

    [LoggerMessage(LogLevel.Error, "The sender of log target {Target} failed and will go on in a while.")]
    private static partial void LogFault(ILogger logger, Exception exception, string target);
}

internal readonly record struct UnreadableRow(long Id, string Reason);
