using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Proxy.Logging.Outbox;
using Proxy.Logging.Records;

namespace Proxy.Logging.Shipping;

/// <summary>Keeps the outbox within its age and its disk, and says when it cannot.</summary>
internal sealed partial class OutboxJanitor(
    SenderTools tools, OutboxShipper shipper, DeadLetterStore deadLetters, TimeProvider time, ILogger<OutboxJanitor> logger) : BackgroundService
{
    private const int RowsAtOnce = 500;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(61);

    private OutboxPressure _pressure;

    /// <summary>One look. Called by the clock, and by tests.</summary>
    public async Task LookAsync(CancellationToken cancellationToken)
    {
        CallMemory.Pool.Trim();
        CallMemory.Requests.Trim();
        await tools.Store.LookAfterJournalAsync(cancellationToken);
        if (tools.Budget.IsRough && tools.Census.IsDone) tools.Budget.Correct(await tools.Survey.CountBytesAsync(cancellationToken));
        Report();

        var before = (time.GetUtcNow() - tools.Options.MaxAge).ToUnixTimeMilliseconds();
        var (waiting, dead) = (0L, 0);
        try
        {
            while (await shipper.RemoveAsync(token => tools.Store.RemoveOldestAsync(before, RowsAtOnce, token), cancellationToken) is { Count: > 0 } rows)
            {
                Book(rows, wasDead: false);
                waiting += rows.Sum(row => row.Rows);
            }

            var letters = await deadLetters.PurgeAsync(new DeadLetterChoice(null, null, null, before), also: null, cancellationToken);
            Book(letters, wasDead: true);
            dead = letters.Count;
        }
        finally
        {
            // Also when the program stops in the middle: what has been dropped is said.
            if (waiting + dead > 0) LogTooOld(logger, waiting, dead, tools.Options.MaxAge);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken)) await LookSafelyAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The program stops.
        }
    }

    private async Task LookSafelyAsync(CancellationToken stoppingToken)
    {
        try
        {
            await LookAsync(stoppingToken);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            LogFailed(logger, exception);
        }
    }

    private void Report()
    {
        var pressure = tools.Budget.PressureAt(tools.Options.MaxOutboxBytes);
        if (pressure == _pressure) return;

        if (pressure == OutboxPressure.None) LogRelieved(logger);
        else LogPressure(logger, tools.Budget.Bytes, tools.Options.MaxOutboxBytes, tools.Options.AtLimit);
        _pressure = pressure;
    }

    private void Book(IEnumerable<RemovedRow> rows, bool wasDead)
    {
        foreach (var target in rows.GroupBy(row => row.TargetId)) tools.Metrics.Dropped(CompletionLogMetrics.LabelOf(target.Key), target.Sum(row => row.Rows), wasDead);
    }

    [LoggerMessage(LogLevel.Error, "{Waiting} records and {Dead} dead letters were dropped because they were older than {MaxAge}.")]
    private static partial void LogTooOld(ILogger logger, long waiting, int dead, TimeSpan maxAge);

    [LoggerMessage(LogLevel.Error, "The outbox holds {Bytes} of at most {Limit} bytes. From nine tenths on teams get what they chose, and the others '{Policy}'.")]
    private static partial void LogPressure(ILogger logger, long bytes, long limit, string policy);

    [LoggerMessage(LogLevel.Information, "The outbox is back within its disk budget.")]
    private static partial void LogRelieved(ILogger logger);

    [LoggerMessage(LogLevel.Error, "The outbox could not be looked after; will try again in a minute.")]
    private static partial void LogFailed(ILogger logger, Exception exception);
}
