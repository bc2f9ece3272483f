namespace Proxy.Host.Configuration;

/// <summary>Applies edits of the configuration file while the program runs. A broken edit is logged, and the old settings serve on.</summary>
/// <remarks>It looks instead of listening: a look costs microseconds, and works on mounted volumes where file events do not come.</remarks>
internal sealed partial class ProxyFileWatch(ProxyFile file, SettingsSource settings, TimeProvider time, ILogger<ProxyFileWatch> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);

        // The program may have served for a while before this is run.
        var read = file.FirstStamp;
        var seen = read;
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                var stamp = file.Stamp();

                // Two looks alike: the editor has finished writing.
                if (stamp == seen && stamp != read)
                {
                    read = stamp;
                    await ReadAsync();
                }

                seen = stamp;
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The program stops.
        }
    }

    private async Task ReadAsync()
    {
        // Models of the database are merged into the same settings, and must not be changed in between.
        using var turn = await settings.TakeTurnAsync();
        var (next, _, faults) = await file.ReadAsync(settings.StoredModels);
        if (next is null)
        {
            LogRefused(file.Path, string.Join(' ', faults));
            return;
        }

        foreach (var warning in next.Warnings) LogWarning(warning);
        var old = settings.Current.Management;
        if (next.Management.Database != old.Database || next.Management.Synchronous != old.Synchronous) LogTakesRestart();
        if (await settings.ApplyAsync(next)) LogApplied(file.Path);
        else LogRefused(file.Path, "YARP did not take it.");
    }

    [LoggerMessage(LogLevel.Information, "Applied the changed configuration {Path}.")]
    private partial void LogApplied(string path);

    [LoggerMessage(LogLevel.Error, "The changed configuration {Path} is not applied; the old one serves on. {Faults}")]
    private partial void LogRefused(string path, string faults);

    [LoggerMessage(LogLevel.Warning, "The section Management has changed, which takes effect at the next start.")]
    private partial void LogTakesRestart();

    [LoggerMessage(LogLevel.Warning, "{Warning}")]
    private partial void LogWarning(string warning);
}
