using Microsoft.Extensions.Logging;

namespace Proxy.Logging.Outbox;

/// <summary>Removes files that are not needed any more beside the writer: a large one takes longer than a commit, and all calls that end meanwhile would wait for it.</summary>
internal sealed partial class FileDeletions(ILogger logger)
{
    // By the writer, and awaited by others.
    private volatile Task _done = Task.CompletedTask;

    /// <summary>Done when all are gone. For any thread.</summary>
    public Task Done => _done;

    public void Add(IReadOnlyList<OutboxFile> files)
    {
        if (files.Count > 0) _done = DeleteAsync(files, _done);
    }

    /// <summary>Removes one at once.</summary>
    public void Delete(OutboxFile file)
    {
        if (!file.TryDelete()) LogNotDeleted(file.Name);
    }

    private async Task DeleteAsync(IReadOnlyList<OutboxFile> files, Task before)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.ForceYielding | ConfigureAwaitOptions.SuppressThrowing);
        foreach (var file in files) Delete(file);
    }

    [LoggerMessage(LogLevel.Warning, "{File} of the log's outbox cannot be deleted. Nothing in it waits; it is tried again at the next start.")]
    private partial void LogNotDeleted(string file);
}
