namespace Proxy.Logging.Outbox;

/// <summary>Files in which nothing waits any more, for the next segments to write over: to make and remove one for every 4 MB keeps the processor from calls.</summary>
/// <remarks>
/// What was taken is still in them, so they are few, and soon used or removed. Until then they keep their names, of numbers that do not count any more: a start
/// removes what a killed run had.
/// </remarks>
internal sealed class JournalSpares(TimeProvider time)
{
    private const int MaxSpares = 2;

    // What the next segment does not need of a file the writer has to cut off, which takes longer the more it is.
    private const long MaxFileBytes = 8 * 1024 * 1024;

    // Since the file was begun: the age of what is in it. Who fills files more slowly can make new ones.
    private static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(5);

    private readonly Queue<OutboxFile> _spares = new(MaxSpares);
    private long _first;

    /// <returns>False when it is to be deleted.</returns>
    public bool TryKeep(OutboxFile segment)
    {
        if (_spares.Count == MaxSpares || segment.Number < _first || !segment.IsReusable || segment.FileLength > MaxFileBytes) return false;

        _spares.Enqueue(segment);
        return true;
    }

    /// <returns>Null when there is none.</returns>
    public OutboxFile? Take() => _spares.TryDequeue(out var spare) ? spare : null;

    /// <summary>Takes those out that are too old to be kept.</summary>
    public IReadOnlyList<OutboxFile> TakeOld()
    {
        if (!_spares.TryPeek(out var spare) || !IsOld(spare)) return [];

        var old = new List<OutboxFile>(MaxSpares);
        while (_spares.TryPeek(out spare) && IsOld(spare)) old.Add(_spares.Dequeue());
        return old;
    }

    /// <summary>Takes all out, and keeps none from now on that has a lower number than this.</summary>
    public IReadOnlyList<OutboxFile> TakeAll(long first)
    {
        _first = first;
        OutboxFile[] all = [.. _spares];
        _spares.Clear();
        return all;
    }

    private bool IsOld(OutboxFile segment) => time.GetElapsedTime(segment.OpenedAt) > MaxAge;
}
