using Microsoft.Extensions.Logging;

namespace Proxy.Logging.Outbox;

/// <summary>The files in which chunks are, a row of them for each target and owner: only the last one is written to.</summary>
/// <remarks>Of which something waits the database says. On the writer's thread, but for <see cref="Deleting"/>.</remarks>
internal sealed partial class BacklogFiles(IOutboxDatabase database, ILogger logger)
{
    private const long FileBytes = 16 * 1024 * 1024;
    private const int MaxHandles = 64;

    private readonly Dictionary<(string TargetId, string? Owner), OutboxFile> _files = [];
    private readonly JournalFrames _frames = new();
    private long _lastNumber;

    // What the last transaction wrote to and how long that was before, and where it took chunks from.
    private readonly Dictionary<OutboxFile, long> _written = [];
    private readonly HashSet<long> _left = [];

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

            if (length > 0) file.CutTo(length);
            else _left.Add(file.Number);
        }

        _written.Clear();
        if (_left.Count == 0) return;

        var gone = _left.Where(number => !hasChunk(number, 0)).ToList();
        _left.Clear();
        foreach (var (key, file) in _files.Where(file => gone.Contains(file.Value.Number)).ToList())
        {
            file.Rest();
            _files.Remove(key);
        }

        DeleteSoon(gone);
    }

    /// <summary>Removes what an earlier run left and nothing waits in, and writes to nothing that is there.</summary>
    public void Reopen(HashSet<long> used)
    {
        foreach (var file in _files.Values) file.Rest();
        _files.Clear();
        _written.Clear();
        _left.Clear();
        var there = OutboxFile.NumbersOf(database.Journal!.Backlog);
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
        finally
        {
            _frames.Clear();
        }
    }

    /// <summary>Chunks in these files were deleted.</summary>
    public void Left(IEnumerable<long> files) => _left.UnionWith(files);

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
