using System.Data.Common;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Proxy.Logging.Outbox;

/// <summary>The files in which chunks are, a row of them for each target and owner: only the last one is written to.</summary>
/// <remarks>In which of them something waits the database says. On the writer's thread.</remarks>
internal sealed class BacklogFiles(IOutboxDatabase database, FileChores chores, TimeProvider time)
{
    private const long FileBytes = 16 * 1024 * 1024;
    private const int MaxHandles = 64;

    // That chunks are gone is not yet on the disk when it is committed; a machine that goes down may find them again, and then wants their file.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private const string FindSql = """
        select 1
        from outbox_chunk
        where file = ?1 and place >= ?2
        limit 1
        """;

    private const string FilesSql = """
        select distinct file
        from outbox_chunk
        """;

    private readonly Dictionary<(string TargetId, string? Owner), OutboxFile> _files = [];
    private readonly JournalFrames _frames = new();
    private long _lastNumber;

    // What the last transaction wrote to and how long that was before, and where it took chunks from.
    private readonly Dictionary<OutboxFile, long> _written = [];
    private readonly HashSet<long> _left = [];
    private bool _isHasty;

    // Nothing waits in them since then.
    private readonly Queue<(long Number, long Since)> _empty = new();

    private SqliteConnection? _connection;
    private PreparedStatement? _find;

    /// <summary>
    /// To be called before anything else in a transaction: takes away what the last one wrote, if that was rolled back, and what it took all chunks from, if it was not.
    /// </summary>
    public void Begin(SqliteConnection connection)
    {
        if (!ReferenceEquals(_connection, connection)) (_connection, _find) = (connection, new(connection, FindSql));
        CutWritten();
        foreach (var number in _left)
        {
            if (!HasChunk(number, from: 0)) _empty.Enqueue((Forget(number), time.GetTimestamp()));
        }

        _left.Clear();
        if (_empty.Count > 0) DeleteEmpty();
        _isHasty = false;
    }

    /// <summary>Removes what an earlier run left and nothing waits in, and writes to nothing that is there.</summary>
    public void Reopen(DbTransaction transaction)
    {
        foreach (var file in _files.Values) file.Rest();
        _files.Clear();
        _written.Clear();
        _left.Clear();
        _empty.Clear();
        var used = transaction.Connection!.Query<long>(FilesSql, transaction: transaction).ToHashSet();
        var there = OutboxFile.Try(() => OutboxFile.NumbersOf(database.Journal!.Backlog));
        _lastNumber = used.Concat(there).Append(_lastNumber).Max();
        chores.Delete([.. there.Where(number => !used.Contains(number)).Select(At)]);
    }

    /// <summary>Writes rows one behind the other.</summary>
    /// <returns>In which file they are, and where.</returns>
    public (long File, long Place, long Length) Write(long firstId, string targetId, string? owner, ReadOnlySpan<WaitingRow> rows)
    {
        var file = Find(targetId, owner);
        var place = file.Length;
        _written.TryAdd(file, place);
        try
        {
            for (var i = 0; i < rows.Length; i++) _frames.AddRecord(file.Number, firstId + i, rows[i].CreatedAt, targetId, owner, rows[i].Body);
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

    /// <summary>Files in which nothing waits any more are gone once the next transaction begins, and not a while later: somebody wants nothing of it to be left.</summary>
    public void DeleteAtOnce() => _isHasty = true;

    private OutboxFile Find(string targetId, string? owner)
    {
        var key = (targetId, owner);
        if (_files.TryGetValue(key, out var file) && file.Length >= FileBytes)
        {
            chores.LetGo(file);
            _files.Remove(key);
            file = null;
        }

        if (file is null) _files.Add(key, file = At(++_lastNumber));
        if (!file.IsOpen && _files.Values.Count(open => open.IsOpen) >= MaxHandles)
        {
            foreach (var open in _files.Values) open.Rest();
        }

        return file;
    }

    /// <summary>Takes away what was rolled back. A file of which it cannot be taken is not written to any more: nobody reads what stands there.</summary>
    private void CutWritten()
    {
        foreach (var (file, length) in _written)
        {
            if (HasChunk(file.Number, length)) continue;

            if (length == 0) chores.Delete([At(Forget(file.Number))]);
            else if (!file.TryCutTo(length)) Forget(file.Number);
            else if (!_files.ContainsValue(file)) file.Rest();
        }

        _written.Clear();
    }

    private void DeleteEmpty()
    {
        var files = new List<OutboxFile>();
        while (_empty.TryPeek(out var empty) && (_isHasty || time.GetElapsedTime(empty.Since) >= Patience)) files.Add(At(_empty.Dequeue().Number));
        chores.Delete(files);
    }

    /// <summary>It is not written to any more.</summary>
    /// <returns>Its number.</returns>
    private long Forget(long number)
    {
        foreach (var (key, file) in _files)
        {
            if (file.Number != number) continue;

            file.Rest();
            _files.Remove(key);
            break;
        }

        return number;
    }

    private OutboxFile At(long number) => new(database.Journal!.Backlog, number, openedAt: 0);

    private bool HasChunk(long number, long from)
    {
        _find!.Bind(1, number);
        _find.Bind(2, from);
        var isThere = _find.Step();
        _find.Reset();
        return isThere;
    }
}
