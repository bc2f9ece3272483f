using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Proxy.Management.Budgets;

/// <summary>Looks now and then for periods that are over, so that rows nobody calls begin anew too.</summary>
internal sealed partial class BudgetSweep(BudgetResets resets, TimeProvider time, ILogger<BudgetSweep> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken)) await SweepAsync(stoppingToken);
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
            await resets.RunDueAsync(stoppingToken);
        }
        catch (Exception exception) when (exception is not (OperationCanceledException or OutOfMemoryException))
        {
            LogFailed(exception);
        }
    }

    [LoggerMessage(LogLevel.Error, "Budgets whose period is over could not be reset; the next look tries again.")]
    private partial void LogFailed(Exception exception);
}
