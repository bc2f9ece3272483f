using Microsoft.Extensions.Logging;

namespace Proxy.Logging.Outbox;

/// <summary>The files in which chunks are, a row of them for each target and owner: only the last one is written to.</summary>
/// <remarks>Of which something waits the database says. On the writer's thread, but for <see cref="Deleting"/>.</remarks>
internal sealed partial class BacklogFiles(IOutboxDatabase database, TimeProvider time, ILogger logger)
{
    private const long FileBytes = 16 * 1024 * 1024;
    private const int MaxHandles = 64;

    // That chunks are gone is not yet on the disk when it is committed; a machine that goes down may find them again, and then wants their file.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly Dictionary<(string TargetId, string? Owner), OutboxFile> _files = [];
    private readonly JournalFrames _frames = new();
    private long _lastNumber;

    // What the last transaction wrote to and how long that was before, and where it took chunks from.
    private readonly Dictionary<OutboxFile, long> _written = [];
    private readonly HashSet<long> _left = [];
    private bool _isHasty;

    // Nothing waits in them since then.
    private readonly Queue<(long Number, long Since)> _empty = new();

    // By the writer, and awaited by others.
    private volatile Task _deleting = Task.CompletedTask;

    /// <summary>Done when the files are gone that are not needed any more. For any thread.</summary>
    public Task Deleting => _deleting;

    /// <summary>
    /// To be called before anything else in a transaction: takes away what the last one wrote, if that was rolled back, and what it took all chunks from, if it was not.
    /// </summary>
    /// <param name="hasChunk">Whether a chunk is in the file of this number, from this place on.</param>
    public void Begin(Func<long, long, bool> hasChunk)
    {
        foreach (var (file, length) in _written)
        {
            if (hasChunk(file.Number, length)) continue;

            if (length == 0) DeleteSoon([Forget(file)]);
            else if (!file.TryCutTo(length)) Forget(file);
        }

        _written.Clear();
        foreach (var number in _left.Where(number => !hasChunk(number, 0)))
        {
            if (_files.Values.FirstOrDefault(file => file.Number == number) is { } file) Forget(file);
            _empty.Enqueue((number, time.GetTimestamp()));
        }

        _left.Clear();
        var gone = new List<long>();
        while (_empty.TryPeek(out var empty) && (_isHasty || time.GetElapsedTime(empty.Since) >= Patience)) gone.Add(_empty.Dequeue().Number);
        _isHasty = false;
        DeleteSoon(gone);
    }

    /// <summary>Removes what an earlier run left and nothing waits in, and writes to nothing that is there.</summary>
    public void Reopen(HashSet<long> used)
    {
        foreach (var file in _files.Values) file.Rest();
        _files.Clear();
        _written.Clear();
        _left.Clear();
        _empty.Clear();
        var there = OutboxFile.Try(() => OutboxFile.NumbersOf(database.Journal!.Backlog));
        _lastNumber = used.Concat(there).Append(_lastNumber).Max();
        DeleteSoon([.. there.Where(number => !used.Contains(number))]);
    }

    /// <summary>Writes rows one behind the other.</summary>
    /// <returns>In which file they are, and where.</returns>
    public (long File, long Place, long Length) Write(long firstId, string targetId, string? owner, IReadOnlyList<WaitingRow> rows)
    {
        var file = Find(targetId, owner);
        var place = file.Length;
        _written.TryAdd(file, place);
        try
        {
            for (var i = 0; i < rows.Count; i++) _frames.AddRecord(file.Number, firstId + i, rows[i].CreatedAt, targetId, owner, rows[i].Body);
            file.Write(_frames.ToParts(), _frames.Bytes);
            return (file.Number, place, _frames.Bytes);
        }
        catch
        {
            // The next attempt is at another one.
            Forget(file);
            throw;
        }
        finally
        {
            _frames.Clear();
        }
    }

    /// <summary>Chunks in these files were deleted.</summary>
    public void Left(IEnumerable<long> files) => _left.UnionWith(files);

    /// <summary>Files in which nothing waits any more are gone once the next transaction begins, and not a while later: somebody wants nothing of it to be left.</summary>
    public void DeleteAtOnce() => _isHasty = true;

    private OutboxFile Find(string targetId, string? owner)
    {
        var key = (targetId, owner);
        if (_files.TryGetValue(key, out var file) && file.Length >= FileBytes)
        {
            file.Rest();
            _files.Remove(key);
            file = null;
        }

        if (file is null) _files.Add(key, file = new OutboxFile(database.Journal!.Backlog, ++_lastNumber, openedAt: 0));
        if (!file.IsOpen && _files.Values.Count(open => open.IsOpen) >= MaxHandles)
        {
            foreach (var open in _files.Values) open.Rest();
        }

        return file;
    }

    /// <summary>It is not written to any more.</summary>
    /// <returns>Its number.</returns>
    private long Forget(OutboxFile file)
    {
        file.Rest();
        foreach (var key in _files.Where(entry => entry.Value == file).Select(entry => entry.Key).ToList()) _files.Remove(key);
        return file.Number;
    }

    /// <remarks>Not here: a large file takes longer than a commit, and all calls that end meanwhile wait for it.</remarks>
    private void DeleteSoon(List<long> numbers)
    {
        if (numbers.Count > 0) _deleting = DeleteAsync(numbers, _deleting);
    }

    private async Task DeleteAsync(List<long> numbers, Task before)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.ForceYielding | ConfigureAwaitOptions.SuppressThrowing);
        foreach (var number in numbers)
        {
            if (!OutboxFile.TryDelete(database.Journal!.Backlog, number)) LogNotDeleted(number);
        }
    }

    [LoggerMessage(LogLevel.Warning, "File {Number} of the log's backlog cannot be deleted. Nothing in it waits; it is tried again at the next start.")]
    private partial void LogNotDeleted(long number);
}
