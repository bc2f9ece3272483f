using Microsoft.Extensions.Logging;
using Proxy.Logging.Records;

namespace Proxy.Logging.Shipping;

/// <summary>Brings batches to one target, with patience, and says once what is wrong with it.</summary>
/// <param name="onWait">Called when a request failed and will be repeated: the rows wait from now on.</param>
internal sealed partial class TargetDelivery(
    TargetSender sender, TargetStatus status, Func<CancellationToken, Task> onWait, SenderTools tools, TimeProvider time, ILogger logger)
{
    private LogTarget? _target = sender.Target;

    /// <summary>How the target takes records. Waits for as long as the target's secret cannot be read.</summary>
    public async Task<WireForm> FindFormAsync(ShippingRound round)
    {
        LogTarget? known;
        while ((known = _target ??= await FindTargetAsync(round.Sends)) is null)
        {
            Report(DeliveryVerdict.Parked("unreadable secret"));
            await Task.Delay(DeliveryVerdict.ParkTime, time, round.Waits);
        }

        var format = await tools.Destinations.Of(known).FindFormatAsync(known, round.Sends);
        var stored = tools.Targets.Get(known);
        (stored.Format, stored.IsBehind) = (format, false);
        return new(format, known, IsCompressed: format.IsCompressed && !tools.Places.IsNear(known.Host));
    }

    /// <summary>Repeats until the target takes or refuses the batch; once <paramref name="stopping"/> is set, tries once at most.</summary>
    public async Task<DeliveryVerdict> DeliverAsync(RecordBatch batch, ShippingRound round, CancellationToken stopping)
    {
        if (stopping.IsCancellationRequested) return await TryAsync(batch, round.Sends);

        return await tools.Retries.Sending.ExecuteAsync(
            static async (state, _) => await state.Delivery.TryAsync(state.Batch, state.Sends),
            (Delivery: this, Batch: batch, round.Sends),
            round.Waits);
    }

    private async Task<DeliveryVerdict> TryAsync(RecordBatch batch, CancellationToken abort)
    {
        if (tools.Pauses.RestOf(_target!.Host) is { } rest)
        {
            var waits = new DeliveryVerdict(Delivery.Retry, "429", rest);
            Report(waits);
            return waits;
        }

        var verdict = await SendAsync(tools.Destinations.Of(_target), batch, abort);
        if (verdict.ConcernsHost) tools.Pauses.Begin(_target.Host, verdict.After);
        if (verdict.MustWait) tools.Metrics.Retried(sender.Label);
        Report(verdict);
        if (!verdict.MustWait) return verdict;

        tools.Targets.Get(_target).IsBehind = true;
        await onWait(abort);
        return verdict;
    }

    /// <remarks>Before a record is cut or given up we make sure that it is the record: a gateway in between may refuse whatever we send.</remarks>
    private async Task<DeliveryVerdict> SendAsync(ILogDestination destination, RecordBatch batch, CancellationToken abort)
    {
        var verdict = await destination.SendAsync(_target!, batch, abort);
        if (verdict.Kind is not (Delivery.DeadLetter or Delivery.Truncate)) return verdict;

        var probe = await destination.ProbeAsync(_target!, abort);
        return probe.Kind switch
        {
            Delivery.Delivered => verdict,
            Delivery.Retry or Delivery.Park => probe,
            _ => DeliveryVerdict.Parked(probe.Reason),
        };
    }

    private async Task<LogTarget?> FindTargetAsync(CancellationToken abort) =>
        await tools.Survey.FindTargetAsync(sender.TargetId, abort) is { } row ? tools.Targets.Open(row) : null;

    private void Report(DeliveryVerdict verdict)
    {
        if (!verdict.MustWait)
        {
            if (verdict.Kind == Delivery.Rebuild)
            {
                status.Trouble = null;
                return;
            }

            status.DeliveredAt = time.GetUtcNow().ToUnixTimeMilliseconds();
            if (status.Trouble is not null) LogRecovered(logger, sender.Label, _target?.Host.Authority);
            status.Trouble = null;
            tools.Watch?.Answered(sender.TargetId);
            return;
        }

        var isParked = verdict.Kind == Delivery.Park;
        var trouble = status.Trouble;
        if (trouble?.Reason != verdict.Reason)
        {
            status.Trouble = trouble = new(verdict.Reason, isParked, time.GetUtcNow());
            if (isParked) LogParked(logger, sender.Label, _target?.Host.Authority, verdict.Reason);
            else LogFailing(logger, sender.Label, _target?.Host.Authority, verdict.Reason);
        }

        if (isParked) tools.Watch?.Parked(new ParkedTarget(sender.TargetId, _target, verdict.Reason, trouble.Since, tools.Census.IsDone ? sender.Waiting : null));
    }

    [LoggerMessage(LogLevel.Information, "Log target {Target} at {Host} answers again.")]
    private static partial void LogRecovered(ILogger logger, string target, string? host);

    [LoggerMessage(LogLevel.Warning, "Log target {Target} at {Host} needs repair ({Reason}): its records are kept and tried every minute.")]
    private static partial void LogParked(ILogger logger, string target, string? host, string reason);

    [LoggerMessage(LogLevel.Warning, "Log target {Target} at {Host} does not take records ({Reason}): they are kept and tried again.")]
    private static partial void LogFailing(ILogger logger, string target, string? host, string reason);
}
