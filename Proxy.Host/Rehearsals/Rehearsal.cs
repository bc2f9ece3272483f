using Microsoft.Extensions.Options;
using Proxy.Management.Health;

namespace Proxy.Host.Rehearsals;

/// <summary>
/// Brings the way of a call near its steady cost before readiness says so: the compiler improves a method only after many calls, and beside clients' calls on a busy
/// core it is late. The first calls of clients would pay for it.
/// </summary>
internal sealed class Rehearsal(RehearsalOptions options, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<Rehearsal> logger)
    : BackgroundService, IReadinessCondition
{
    private volatile bool _isOver;

    public string? Missing => _isOver ? null : "rehearsal";

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var startedAt = time.GetTimestamp();
        using var limit = new CancellationTokenSource(options.TimeLimit, time);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stoppingToken);
        try
        {
            // Not before the address is open: who calls at once is served at once, only not as fast.
            var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await using (lifetime.ApplicationStarted.Register(started.SetResult))
                await started.Task.WaitAsync(end.Token);

            var calls = await PlayAsync(end.Token);

            // What the second gateway lived on is given back while nobody waits for it: readiness comes after this.
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            RehearsalLog.Done(logger, calls, time.GetElapsedTime(startedAt).TotalSeconds);
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            if (!stoppingToken.IsCancellationRequested) RehearsalLog.OutOfTime(logger, options.TimeLimit);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or UnauthorizedAccessException or InvalidOperationException or OptionsValidationException)
        {
            // It serves speed alone; what a missing temporary folder or a closed loopback costs is the first minute's.
            RehearsalLog.Failed(logger, exception);
        }
        finally
        {
            _isOver = true;
        }
    }

    private async Task<int> PlayAsync(CancellationToken cancellationToken)
    {
        await using var stage = await RehearsalStage.OpenAsync(cancellationToken);
        return await stage.PlayAsync(time, cancellationToken);
    }
}

internal static partial class RehearsalLog
{
    [LoggerMessage(LogLevel.Information, "Rehearsed {Calls} calls in {Seconds:0.0} s")]
    public static partial void Done(ILogger logger, int calls, double seconds);

    [LoggerMessage(LogLevel.Warning, "The rehearsal was ended after {Limit}: the first calls will be slower")]
    public static partial void OutOfTime(ILogger logger, TimeSpan limit);

    [LoggerMessage(LogLevel.Warning, "The rehearsal failed: the first calls will be slower")]
    public static partial void Failed(ILogger logger, Exception exception);
}
