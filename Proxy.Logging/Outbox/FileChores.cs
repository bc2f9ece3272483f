using Microsoft.Extensions.Logging;

namespace Proxy.Logging.Outbox;

/// <summary>What is done to files beside the writer, since it takes longer than a commit, and all calls that end meanwhile would wait for it.</summary>
internal sealed partial class FileChores(ILogger logger)
{
    // A disk that is slower than what waits grows is not made faster by a queue.
    private const int MostLettingGo = 4;

    // By the writer, and awaited by others.
    private volatile Task _done = Task.CompletedTask;
    private int _lettingGo;

    /// <summary>Done when there is nothing left to do. For any thread.</summary>
    public Task Done => _done;

    /// <summary>Removes files that are not needed any more.</summary>
    public void Delete(IReadOnlyList<OutboxFile> files)
    {
        if (files.Count > 0) _done = DeleteAsync(files, _done);
    }

    /// <summary>Removes one at once.</summary>
    public void DeleteNow(OutboxFile file)
    {
        if (!file.TryDelete()) LogNotDeleted(file.Name);
    }

    /// <summary>Closes a file that is not written to any more, nor read soon, and gives back its place in the system's memory, out of which a month of outage would push all else.</summary>
    public void LetGo(OutboxFile file)
    {
        if (!DiskCache.CanBeLeft || Volatile.Read(ref _lettingGo) >= MostLettingGo)
        {
            file.Rest();
        }
        else if (file.TakeHandle() is { } handle)
        {
            Interlocked.Increment(ref _lettingGo);
            _done = LetGoAsync(handle, _done);
        }
    }

    private async Task DeleteAsync(IReadOnlyList<OutboxFile> files, Task before)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.ForceYielding | ConfigureAwaitOptions.SuppressThrowing);
        foreach (var file in files) DeleteNow(file);
    }

    private async Task LetGoAsync(FileStream file, Task before)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.ForceYielding | ConfigureAwaitOptions.SuppressThrowing);
        Interlocked.Decrement(ref _lettingGo);
        await using (file)
        {
            try
            {
                DiskCache.Leave(file.SafeFileHandle);
            }
            catch (IOException)
            {
                // What the disk has not taken is found out when it is read.
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "{File} of the log's outbox cannot be deleted. Nothing in it waits; it is tried again at the next start.")]
    private partial void LogNotDeleted(string file);
}
