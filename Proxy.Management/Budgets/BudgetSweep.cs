using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Proxy.Management.Alerts;
using Proxy.Management.Auditing;

namespace Proxy.Management.Budgets;

/// <summary>Looks now and then for periods that are over, so that rows nobody calls begin anew too, for alerts that wait, for accounts that nobody uses, and for entries of the audit that are old.</summary>
internal sealed partial class BudgetSweep(
    AccountRing ring, BudgetResets resets, AlertRecipients recipients, BudgetAlerts alerts, TargetAlerts targetAlerts, AuditRetention audit, TimeProvider time, ILogger<BudgetSweep> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(recipients.Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await SweepAsync(stoppingToken);
                timer.Period = recipients.Interval;
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The program stops.
        }
    }

    private async Task SweepAsync(CancellationToken stoppingToken)
    {
        try
        {
            ring.Trim(time.GetElapsedTime(0, time.GetTimestamp()).Ticks);
            await resets.RunDueAsync(stoppingToken);
            await alerts.DeliverAsync(stoppingToken);
            await targetAlerts.DeliverAsync(stoppingToken);
            await audit.PruneAsync(stoppingToken);
        }
        catch (Exception exception) when (exception is not (OperationCanceledException or OutOfMemoryException))
        {
            LogFailed(exception);
        }
    }

    [LoggerMessage(LogLevel.Error, "Budgets whose period is over could not be reset, alerts not delivered, or old entries of the audit not removed; the next look tries again.")]
    private partial void LogFailed(Exception exception);
}
