using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace Proxy.Logging.Outbox;

/// <summary>Which records leave the journal for the backlog: those of a target that does not take them at once, and those that have been here for long.</summary>
/// <param name="flush">Writes what was collected, since bodies are read from the files.</param>
/// <remarks>On the writer's thread, within a transaction, but for the members that say otherwise.</remarks>
internal sealed class JournalMoves(JournalIndex records, JournalFiles files, OutboxBacklog backlog, Action flush)
{
    // What is moved is read into memory.
    private const long MostMovedAtOnce = 1024 * 1024;

    // By any thread: targets whose rows go to the backlog.
    private readonly ConcurrentDictionary<string, bool> _targets = new();

    /// <summary>Whether rows of this target go to the backlog.</summary>
    public bool Has(string targetId) => !_targets.IsEmpty && _targets.ContainsKey(targetId);

    /// <summary>Rows of this target may be in the journal again. For any thread.</summary>
    public void Admit(string targetId)
    {
        if (!_targets.IsEmpty) _targets.TryRemove(targetId, out _);
    }

    /// <summary>Moves all rows of a target, and all that follow.</summary>
    public void MoveTarget(string targetId)
    {
        _targets[targetId] = true;
        Move(record => record.TargetId == targetId);
    }

    /// <summary>Moves a row, if it is here.</summary>
    public void MoveOne(long id)
    {
        if (records.Find(id) is not null) Move(record => record.Id == id);
    }

    public void MoveAll() => Move(static _ => true);

    /// <summary>Moves what has been here for long, and what follows of its targets.</summary>
    public void MoveOld()
    {
        foreach (var segment in files.ListOld())
        {
            foreach (var record in records.List(record => record.Segment == segment)) _targets[record.TargetId] = true;
            Move(record => record.Segment == segment);
        }
    }

    private void Move(Func<JournalRecord, bool> isMoved)
    {
        var runs = records.ListRuns(isMoved, MostMovedAtOnce).ToList();
        if (runs.Count == 0) return;

        flush();
        foreach (var run in runs)
        {
            // One that cannot be read any more has no body: its sender may still have it in memory, and if not, finds that it is no record.
            var rows = run.ConvertAll(record => new WaitingRow(Part: null, record.CreatedAt, files.ReadBody(record)));
            backlog.AddRun(run[0].Id, run[0].TargetId, run[0].Owner, CollectionsMarshal.AsSpan(rows));
            foreach (var record in run) records.Leave(record);
        }

        files.AddLeft([.. runs.SelectMany(run => run.Select(record => record.Id))]);
    }
}
