using Microsoft.Extensions.Logging;

namespace Proxy.Logging.Outbox;

/// <summary>What is done to files beside the writer, since it takes longer than a commit, and all calls that end meanwhile would wait for it.</summary>
internal sealed partial class FileChores(ILogger logger)
{
    // A disk that is slower than what waits grows is not made faster by a queue.
    private const int MostLettingGo = 4;

    // By the writer, and awaited by others.
    private volatile Task _deleting = Task.CompletedTask;

    // A chain of its own: a purge does not wait for the disk to take what others have waiting.
    private Task _lastLettingGo = Task.CompletedTask;
    private int _lettingGo;

    /// <summary>Done when all files are gone that are not needed any more. For any thread.</summary>
    public Task Deleting => _deleting;

    /// <summary>Removes files that are not needed any more.</summary>
    public void Delete(IReadOnlyList<OutboxFile> files)
    {
        if (files.Count > 0) _deleting = DeleteAsync(files, _deleting);
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
            _lastLettingGo = LetGoAsync(handle, file.Name, _lastLettingGo);
        }
    }

    private async Task DeleteAsync(IReadOnlyList<OutboxFile> files, Task before)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.ForceYielding | ConfigureAwaitOptions.SuppressThrowing);
        foreach (var file in files) DeleteNow(file);
    }

    private async Task LetGoAsync(FileStream file, string name, Task before)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.ForceYielding | ConfigureAwaitOptions.SuppressThrowing);
        try
        {
            await using (file) DiskCache.Leave(file.SafeFileHandle);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            LogNotOnDisk(exception, name);
        }
        finally
        {
            Interlocked.Decrement(ref _lettingGo);
        }
    }

    [LoggerMessage(LogLevel.Warning, "{File} of the log's outbox cannot be deleted. Nothing in it waits; it is tried again at the next start.")]
    private partial void LogNotDeleted(string file);

    [LoggerMessage(LogLevel.Error, "The disk has not taken all of {File} of the log's outbox. Records in it that cannot be read when they are sent will be dead letters.")]
    private partial void LogNotOnDisk(Exception exception, string file);
}
