using Microsoft.Extensions.Logging;
using Proxy.Logging.Outbox;
using Proxy.Logging.Records;

namespace Proxy.Logging.Shipping;

/// <summary>Empties the outbox of one target, batch by batch. An asynchronous loop that lives as long as rows wait.</summary>
internal sealed partial class TargetSender
{
    private static readonly TimeSpan FaultPause = TimeSpan.FromSeconds(10);

    private readonly SenderTools _tools;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly TargetDelivery _delivery;
    private readonly Settlement _settlement;
    private readonly RowSource _source;

    // By whoever asks; all would write the same.
    private volatile KnownPace _pace = new(null, default);

    // How many rows to read: halved when a batch is refused, doubled when one is taken.
    private volatile int _limit = int.MaxValue;

    // Something on the way takes no more than the usual: then it is not tried with every second batch.
    private volatile bool _isLargeRefused;

    // What is left of a record that is too large for its target; 0 for all others.
    private int _cut;
    private long _waiting;

    // The removal of rows that were sent last: the next batch need not wait for it, as long as nothing is read.
    private Task _settling = Task.CompletedTask;
    private volatile ShippingRound? _round;

    /// <remarks><paramref name="mustRead"/>: rows wait in the outbox that nobody hands over.</remarks>
    public TargetSender(string targetId, LogTarget? target, bool mustRead, TargetStatus status, SenderTools tools, TimeProvider time, ILogger logger)
    {
        TargetId = targetId;
        Label = CompletionLogMetrics.LabelOf(targetId);
        Target = target;
        News = new(time);
        _settlement = new(this, tools, logger);
        _source = new(targetId, tools, mustRead);
        _delivery = new(this, status, _source.WaitAsync, tools, time, logger);
        (_tools, _time, _logger) = (tools, time, logger);
    }

    public string TargetId { get; }

    public string Label { get; }

    public LogTarget? Target { get; }

    /// <summary>What was committed since this sender last read its rows.</summary>
    public FlushSignal News { get; }

    /// <summary>Asked for each row, so it is worked out once, until the settings change.</summary>
    public Pace Pace
    {
        get
        {
            var options = _tools.Options;
            if (!ReferenceEquals(_pace.Options, options)) _pace = new(options, Pace.Of(Target, options));
            return _pace.Pace;
        }
    }

    /// <summary>How many records, or bytes, are worth a request.</summary>
    private (int Records, int Bytes) Enough => (Pace.BatchSize, _tools.Options.MaxBatchBytes);

    /// <summary>How many go into one.</summary>
    private (int Records, int Bytes) Most =>
        (Math.Min(_limit, Pace.MaxRecords), _isLargeRefused ? _tools.Options.MaxBatchBytes : Pace.MaxBytes(_tools.Options));

    /// <remarks>A row may be sent before its commit is announced, so the count can pass below zero for a moment.</remarks>
    public long Waiting => Math.Max(0, Interlocked.Read(ref _waiting));

    public void AddWaiting(long rows) => Interlocked.Add(ref _waiting, rows);

    /// <summary>Rows are known to wait, whether or not somebody has told of them.</summary>
    public bool HasMore => _source.HasMore;

    /// <summary>Gets a row that was just committed, in the order of the commits.</summary>
    public void Hand(OutboxEntry entry, OutboxPart part)
    {
        var most = Most;
        AddWaiting(1);
        _source.Handed.Add(new(part.Id, part.Body.Length), entry.Owner, entry.Record, part.Format, entry.RenderedOf(part).Span, most);
        News.Add(part.Body.Length, Enough, most);
    }

    /// <summary>Gets to know of rows that are not handed over.</summary>
    public void Tell(long rows)
    {
        AddWaiting(rows);
        ForgetHanded();
        News.Add(bytes: 0, Enough, Most);
    }

    /// <summary>Rows were removed from the outbox: only what is still there may be sent.</summary>
    public void ForgetHanded() => _source.Handed.Forget();

    /// <summary>Ends a pause, if there is one.</summary>
    public void Hurry() => _round?.Hurry();

    /// <summary>Forgets what was read of an owner's rows, which are purged.</summary>
    public void Drop(string owner)
    {
        ForgetHanded();
        _round?.Drop(owner);
    }

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
                if (!hasMore) await News.WaitAsync(Pace.FlushInterval, stopping);
                hasMore = await ShipAsync(stopping, abort);
                if (!hasMore) await _settling;
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                await _settling.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                return;
            }
            catch (Exception exception)
            {
                LogFault(_logger, exception, Label);
                hasMore = true;
                await Task.Delay(FaultPause, _time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (stopping.IsCancellationRequested) return;
            }
        }
        while (hasMore || !tryEnd(this));
    }

    /// <returns>Whether more rows are known to wait.</returns>
    private async Task<bool> ShipAsync(CancellationToken stopping, CancellationToken abort)
    {
        // Before the rows are read: whoever purges some of them from now on will find this round.
        using var round = new ShippingRound(stopping, abort);
        _round = round;
        try
        {
            return await ShipBatchAsync(round, stopping, abort);
        }
        catch (OperationCanceledException) when (round.IsDisturbed && !stopping.IsCancellationRequested && !abort.IsCancellationRequested)
        {
            return true;
        }
        finally
        {
            _round = null;
        }
    }

    private async Task<bool> ShipBatchAsync(ShippingRound round, CancellationToken stopping, CancellationToken abort)
    {
        var most = _cut > 0 ? Most with { Records = 1 } : Most;
        News.Reset();
        var form = await _delivery.FindFormAsync(round);
        var filling = await _source.FillAsync(form, most, _cut, round, _settling);
        if (filling.Unreadable is { } row) await _settlement.BuryAsync(row.Row, "unreadable", row.Reason, abort);
        if (filling.Batch is not { Rows.Count: > 0 } batch)
        {
            filling.Batch?.Recycle();
            return _source.Settle(filling);
        }

        batch.Seal(form.IsCompressed);
        var verdict = await _delivery.DeliverAsync(batch, round, stopping);
        switch (verdict.Kind)
        {
            case Delivery.Delivered:
                batch.Recycle();
                await _settling;
                _settling = _settlement.SettleAsync(batch.Rows, abort);
                if (!_source.IsFromMemory) await _settling;
                if (_cut > 0) _tools.Metrics.Truncated(Label);
                _limit = most.Records * 2;
                _cut = 0;
                return _source.Settle(filling);
            case Delivery.Partial:
                await SettlePartlyAsync(batch, verdict, round, abort);
                return true;
            case Delivery.Halve:
                _isLargeRefused |= batch.Bytes > _tools.Options.MaxBatchBytes;
                _limit = Math.Max(1, batch.Rows.Count / 2);
                return true;
            case Delivery.Truncate when RecordCut.Next(_cut) is > 0 and var next:
                _cut = next;
                return true;
            case Delivery.Truncate or Delivery.DeadLetter:
                await _settlement.BuryAsync(batch.Rows[0], verdict.Reason, verdict.Answer, abort);
                _cut = 0;
                return true;
            case Delivery.Rebuild:
                return true;
            default:
                // Only while the program stops: the rows stay for the next start.
                throw new OperationCanceledException(stopping);
        }
    }

    private async Task SettlePartlyAsync(RecordBatch batch, DeliveryVerdict verdict, ShippingRound round, CancellationToken abort)
    {
        if (await _settlement.SettlePartlyAsync(batch, verdict, abort)) return;

        // Something of it must come again, and not at once.
        await _source.WaitAsync(abort);
        await Task.Delay(verdict.After ?? FaultPause, _time, round.Waits);
    }

    private sealed record KnownPace(CompletionLogOptions? Options, Pace Pace);

    [LoggerMessage(LogLevel.Error, "The sender of log target {Target} failed and will go on in a while.")]
    private static partial void LogFault(ILogger logger, Exception exception, string target);
}
