using System.Data.Common;
using Dapper;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace Proxy.Logging.Outbox;

/// <summary>
/// Files in front of the backlog, where a row stays that is sent at once, which is nearly every row: it is appended, and when it was taken its id is.
/// Only what waits longer moves into the <see cref="OutboxBacklog">backlog</see>.
/// </summary>
/// <remarks>
/// <para>On SQLite alone; elsewhere all of this does nothing.</para>
/// <para>Who looks for rows in the backlog says so first, with <see cref="MoveTarget"/> or <see cref="MoveAll"/>, and then finds them all there. Rows of a target
/// that is moved go straight to the backlog from then on, until it is admitted again.</para>
/// <para>The database says how far the files count. So whatever a transaction wrote that was rolled back is found out at the next one, and undone here.
/// Everything is called on the writer's thread, within a transaction, but for the members that say otherwise.</para>
/// </remarks>
internal sealed class OutboxJournal : IOutboxInsert
{
    private const string LastIdSql = """
        select max(
            (select coalesce(max(seq), 0) from sqlite_sequence where name = 'outbox'),
            coalesce((select id + row_count - 1 from outbox_chunk order by id desc limit 1), 0))
        """;

    private readonly IOutboxDatabase _database;
    private readonly JournalIndex _records = new();
    private readonly JournalFiles _files;
    private readonly FileChores _chores;
    private readonly JournalMoves _moves;

    private DbTransaction? _transaction;
    private SqliteConnection? _connection;
    private JournalRow? _row;
    private JournalPosition? _committed;
    private JournalPosition _written;
    private long _nextId;

    public OutboxJournal(IOutboxDatabase database, TimeProvider time, ILogger<OutboxJournal> logger)
    {
        _database = database;
        _chores = new(logger);
        _files = new(database, _chores, time, logger);
        Backlog = new(database, Reserve, _chores, time);
        _moves = new(_records, _files, Backlog, FlushFrames);
    }

    /// <summary>What waits for longer. It is begun and flushed with the journal.</summary>
    public OutboxBacklog Backlog { get; }

    /// <summary>Done when the files are gone that are not needed any more. For any thread.</summary>
    public Task Deleting => _chores.Deleting;

    /// <summary>Whether there is one. For any thread.</summary>
    public bool IsUsed => _database.Journal is not null;

    /// <inheritdoc cref="JournalIndex.Bytes"/>
    public long Bytes => _records.Bytes;

    /// <summary>
    /// To be called before anything else in a transaction, and <see cref="Flush"/> at its end: whatever came of the last one, the journal is now what the database says.
    /// </summary>
    public void Begin(DbTransaction transaction)
    {
        if (!IsUsed || ReferenceEquals(_transaction, transaction)) return;

        var connection = (SqliteConnection)transaction.Connection!;
        if (!ReferenceEquals(_connection, connection)) (_connection, _row) = (connection, new(connection));
        Backlog.Begin(connection);
        var stored = _row!.Read();
        if (stored == _written && _written != _committed) Keep();
        else if (stored is not null && stored == _committed) Undo();
        else Recover(stored, transaction);
        _transaction = transaction;
        CleanUp();
    }

    /// <summary>Rows of this target may be here again: its sender has caught up. For any thread.</summary>
    public void Admit(string targetId) => _moves.Admit(targetId);

    public void Add(OutboxEntry entry, OutboxPart part, DbTransaction transaction)
    {
        Begin(transaction);
        var targetId = part.Target.Id;
        if (entry.MakesRoom || _moves.Has(targetId))
        {
            Backlog.Add(part, entry.Owner, entry.CreatedAt, entry.BodyOf(part));
            return;
        }

        if (_files.IsTooLarge) Rotate();
        part.Id = Reserve(1);
        var offset = _files.End;
        var head = _files.AddRecord(part.Id, entry.CreatedAt, targetId, entry.Owner, entry.BodyOf(part));
        _records.Add(new JournalRecord(part.Id, targetId, entry.Owner, entry.CreatedAt, part.Body.Length) { Segment = _files.Current, Offset = offset, HeadLength = head });
    }

    /// <summary>Takes out what is here of these rows, whose fate is known.</summary>
    /// <returns>Those that are not here.</returns>
    public IReadOnlyList<long> Take(IReadOnlyList<long> ids)
    {
        if (_records.IsEmpty) return ids;

        var (taken, others) = (new List<long>(ids.Count), new List<long>());
        foreach (var id in ids)
        {
            if (_records.Find(id) is { } record)
            {
                _records.Leave(record);
                taken.Add(id);
            }
            else
            {
                others.Add(id);
            }
        }

        _files.AddLeft(taken);
        return others;
    }

    /// <summary>Moves all rows of a target into the backlog, and all that follow.</summary>
    public void MoveTarget(string targetId)
    {
        if (IsUsed) _moves.MoveTarget(targetId);
    }

    /// <summary>Moves a row into the backlog, if it is here.</summary>
    public void MoveOne(long id) => _moves.MoveOne(id);

    /// <summary>Moves all rows into the backlog. The files are gone once the next transaction begins.</summary>
    public void MoveAll()
    {
        if (!IsUsed) return;

        _moves.MoveAll();
        Rotate();
        _files.DeleteSpares();
        Backlog.DeleteAtOnce();
        SavePosition();
    }

    /// <inheritdoc cref="JournalIndex.CountByTarget"/>
    public IReadOnlyDictionary<string, (long Count, long OldestAt)> CountByTarget() => _records.CountByTarget();

    /// <summary>Ids for rows that somebody else writes.</summary>
    /// <returns>The first.</returns>
    public long Reserve(int count)
    {
        var first = _nextId;
        _nextId += count;
        return first;
    }

    /// <summary>Writes what was collected in this transaction. To be called before the commit.</summary>
    public void Flush(DbTransaction transaction)
    {
        // What one collected that failed is nothing of another's.
        if (ReferenceEquals(_transaction, transaction)) FlushFrames();
    }

    /// <remarks>What had been flushed is undone when the next transaction begins.</remarks>
    public void Forget()
    {
        _files.Forget();
        Backlog.Forget();
    }

    /// <summary>The last transaction was committed.</summary>
    private void Keep()
    {
        _committed = _written;
        _records.Keep();
        _files.DeleteBefore(_written.First);
    }

    /// <summary>The last transaction was rolled back, or wrote nothing.</summary>
    private void Undo()
    {
        _files.Forget();
        _written = _committed!.Value;
        _records.Undo();
        _files.CutTo(_written);
    }

    /// <summary>What an earlier run left in its files goes into the backlog.</summary>
    private void Recover(JournalPosition? stored, DbTransaction transaction)
    {
        _files.Forget();
        _records.Clear();
        _committed = null;

        var position = stored ?? new JournalPosition(First: 1, Segment: 0, Length: 0, NextId: 1);
        _nextId = Math.Max(position.NextId, transaction.Connection!.ExecuteScalar<long>(LastIdSql, transaction: transaction) + 1);
        Backlog.Reopen(transaction);

        // Under new ids: the files may be from another day than the database.
        foreach (var (record, body) in _files.Reopen(position)) Backlog.Add(record.TargetId, record.Owner, record.CreatedAt, body);
        Backlog.Flush();
        SavePosition();
    }

    /// <summary>Nothing stays here for long: neither records, nor files that nobody writes to.</summary>
    private void CleanUp()
    {
        _files.DeleteOldSpares();
        if (_files.IsFull)
        {
            // Said at once: a file of which all was taken goes though nobody writes for hours.
            Rotate();
            SavePosition();
        }

        _moves.MoveOld();
    }

    /// <summary>Goes on in a new file, unless nothing is in this one.</summary>
    private void Rotate()
    {
        FlushFrames();
        _files.Rotate();
    }

    private void FlushFrames()
    {
        Backlog.Flush();
        if (_files.TryFlush() || _nextId != _written.NextId) SavePosition();
    }

    private void SavePosition()
    {
        _written = new(_files.First, _files.Current.Number, _files.Current.Length, _nextId);
        _row!.Write(_written);
    }
}
