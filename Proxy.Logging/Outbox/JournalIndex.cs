namespace Proxy.Logging.Outbox;

/// <summary>Which records are in the journal, and what a transaction that may yet be rolled back has changed of it.</summary>
/// <remarks>On the writer's thread, but for the members that say otherwise.</remarks>
internal sealed class JournalIndex
{
    // Changed on the writer's thread under the lock, so that others can look.
    private readonly Lock _lock = new();
    private readonly Dictionary<long, JournalRecord> _records = [];

    private readonly List<(JournalRecord Record, bool WasHere)> _undo = [];
    private long _bytes;

    /// <summary>The bodies in it. For any thread.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    public bool IsEmpty => _records.Count == 0;

    public JournalRecord? Find(long id) => _records.TryGetValue(id, out var record) ? record : null;

    /// <summary>Those of which this is true, in the order of their ids.</summary>
    public List<JournalRecord> List(Func<JournalRecord, bool> isWanted) => [.. _records.Values.Where(isWanted).OrderBy(record => record.Id)];

    /// <summary>Those of which this is true, in runs: of one target and owner, with ids that follow each other, and not much more than <paramref name="mostBytes"/> long.</summary>
    public IEnumerable<List<JournalRecord>> ListRuns(Func<JournalRecord, bool> isWanted, long mostBytes)
    {
        foreach (var group in List(isWanted).GroupBy(record => (record.TargetId, record.Owner)))
        {
            var (run, bytes) = (new List<JournalRecord>(), 0L);
            foreach (var record in group)
            {
                if (run.Count > 0 && (record.Id != run[^1].Id + 1 || bytes > mostBytes))
                {
                    yield return run;
                    (run, bytes) = ([], 0);
                }

                run.Add(record);
                bytes += record.Length;
            }

            yield return run;
        }
    }

    /// <summary>How many of each target's rows are here, and when the oldest was written. For any thread.</summary>
    public IReadOnlyDictionary<string, (long Count, long OldestAt)> CountByTarget()
    {
        lock (_lock)
        {
            return _records.Values
                .GroupBy(record => record.TargetId)
                .ToDictionary(target => target.Key, target => ((long)target.Count(), target.Min(record => record.CreatedAt)));
        }
    }

    public void Add(JournalRecord record)
    {
        Put(record);
        _undo.Add((record, WasHere: false));
    }

    public void Leave(JournalRecord record)
    {
        Remove(record);
        _undo.Add((record, WasHere: true));
    }

    /// <summary>What was changed was committed.</summary>
    public void Keep() => _undo.Clear();

    /// <summary>What was changed was rolled back.</summary>
    public void Undo()
    {
        for (; _undo.Count > 0; _undo.RemoveAt(_undo.Count - 1))
        {
            var (record, wasHere) = _undo[^1];
            if (wasHere) Put(record);
            else Remove(record);
        }
    }

    /// <summary>Forgets all, for the files are read anew.</summary>
    public void Clear()
    {
        lock (_lock) _records.Clear();
        _undo.Clear();
        Interlocked.Exchange(ref _bytes, 0);
    }

    private void Put(JournalRecord record)
    {
        lock (_lock) _records.Add(record.Id, record);
        record.Segment.Waiting++;
        Interlocked.Add(ref _bytes, record.Length);
    }

    private void Remove(JournalRecord record)
    {
        lock (_lock) _records.Remove(record.Id);
        record.Segment.Waiting--;
        Interlocked.Add(ref _bytes, -record.Length);
    }
}
