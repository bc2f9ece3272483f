using Microsoft.Extensions.Logging;
using Proxy.Logging.Langfuse;
using Proxy.Logging.Records;

namespace Proxy.Logging.Shipping;

/// <summary>Brings batches to one target, with patience, and says once what is wrong with it.</summary>
internal sealed partial class TargetDelivery(string targetId, LogTarget? target, SenderTools tools, ILogger logger)
{
    private readonly string _label = CompletionLogMetrics.LabelOf(targetId);
    private LogTarget? _target = target;
    private string? _trouble;

    /// <summary>Repeats until the target takes or refuses the batch; once <paramref name="stopping"/> is set, tries once at most.</summary>
    public async Task<DeliveryVerdict> DeliverAsync(OtlpBatch batch, CancellationToken stopping, CancellationToken abort)
    {
        if (stopping.IsCancellationRequested) return await TryAsync(batch, abort);

        return await tools.Retries.Sending.ExecuteAsync(
            static async (state, _) => await state.Delivery.TryAsync(state.Batch, state.Abort),
            (Delivery: this, Batch: batch, Abort: abort),
            stopping);
    }

    private async Task<DeliveryVerdict> TryAsync(OtlpBatch batch, CancellationToken abort)
    {
        _target ??= await FindTargetAsync(abort);
        var verdict = _target is null
            ? new(Delivery.Park, "unreadable secret", DeliveryVerdict.ParkTime)
            : await SendAsync(_target, batch, abort);

        if (verdict.MustWait) tools.Metrics.Retried(_label);
        Report(verdict);
        return verdict;
    }

    /// <remarks>Before a record is given up we make sure that it is the record: a gateway in between may refuse whatever we send.</remarks>
    private async Task<DeliveryVerdict> SendAsync(LogTarget destination, OtlpBatch batch, CancellationToken abort)
    {
        var verdict = await tools.Client.SendAsync(destination, batch, tools.Options.RequestTimeout, abort);
        if (verdict.Kind != Delivery.DeadLetter) return verdict;

        var probe = await tools.Client.ProbeAsync(destination, tools.Options.RequestTimeout, abort);
        return probe.Kind switch
        {
            Delivery.Delivered => verdict,
            Delivery.DeadLetter => new(Delivery.Park, probe.Reason, DeliveryVerdict.ParkTime),
            _ => probe,
        };
    }

    private async Task<LogTarget?> FindTargetAsync(CancellationToken abort) =>
        await tools.Store.FindTargetAsync(targetId, abort) is { } row ? tools.Targets.Open(row) : null;

    private void Report(DeliveryVerdict verdict)
    {
        var trouble = verdict.MustWait ? verdict.Reason : null;
        if (trouble == _trouble) return;

        if (trouble is null) LogRecovered(logger, _label, _target?.Host.Authority);
        else if (verdict.Kind == Delivery.Park) LogParked(logger, _label, _target?.Host.Authority, trouble);
        else LogFailing(logger, _label, _target?.Host.Authority, trouble);
        _trouble = trouble;
    }

    [LoggerMessage(LogLevel.Information, "Log target {Target} at {Host} answers again.")]
    private static partial void LogRecovered(ILogger logger, string target, string? host);

    [LoggerMessage(LogLevel.Warning, "Log target {Target} at {Host} needs repair ({Reason}): its records are kept and tried every minute.")]
    private static partial void LogParked(ILogger logger, string target, string? host, string reason);

    [LoggerMessage(LogLevel.Warning, "Log target {Target} at {Host} does not take records ({Reason}): they are kept and tried again.")]
    private static partial void LogFailing(ILogger logger, string target, string? host, string reason);
}
