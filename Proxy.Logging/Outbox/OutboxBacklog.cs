using System.Data.Common;
using System.Runtime.InteropServices;
using Dapper;
using Microsoft.Data.Sqlite;
using Proxy.Logging.Records;

namespace Proxy.Logging.Outbox;

/// <summary>
/// Where rows wait whose target does not take them at once: many of one target and owner together in a file of their own, as a chunk, of which the database knows where
/// it is. A few alone go into the table <c>outbox</c>, and so do those of a chunk of which only a part leaves.
/// </summary>
/// <remarks>
/// <para>A row of the table costs a page that is written twice. While a target is down all of its calls would pay that, and the database would keep the room for ever.</para>
/// <para>What of a file no chunk refers to has left; the file is removed when that is all of it. No file of an earlier run is written to again.</para>
/// <para>Everything is called on the writer's thread, within a transaction.</para>
/// </remarks>
internal sealed class OutboxBacklog(IOutboxDatabase database, Func<int, long> reserve, FileChores chores, TimeProvider time)
{
    // As many rows, or bytes, are worth a place of their own.
    private const int LeastRows = 4;
    private const long LeastBytes = 16 * 1024;

    // A chunk is read as a whole.
    private const int MostRows = 256;
    private const long MostBytes = 1024 * 1024;

    // What is moved is collected in memory.
    private const long MostCollected = 4 * 1024 * 1024;

    private const string InsertSql = """
        insert into outbox_chunk (id, row_count, target_id, owner, created_at, bytes, file, place, length)
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
        """;

    private const string FindSql = $"""
        select {OutboxChunk.Columns}
        from outbox_chunk
        where target_id = @targetId and id <= @last and id + row_count > @first
        order by id
        """;

    private const string OldestSql = $"""
        select {OutboxChunk.Columns}
        from outbox_chunk
        where target_id = @targetId and owner is not distinct from @owner
            and id < coalesce((select o.id from outbox o where o.target_id = @targetId and o.owner is not distinct from @owner order by o.id limit 1), id + 1)
        order by id
        limit 1
        """;

    private static string DeleteSql(IEnumerable<OutboxChunk> chunks) => $"""
        delete from outbox_chunk
        where id in ({string.Join(',', chunks.Select(chunk => chunk.Id))})
        """;

    private readonly Dictionary<(string TargetId, string? Owner), List<WaitingRow>> _collected = [];
    private long _collectedBytes;

    private readonly BacklogFiles _files = new(database, chores, time);

    private SqliteConnection? _connection;
    private OutboxRowInsert? _rows;
    private PreparedStatement? _insert;

    /// <summary>Where commits wait for the disk they wait for one file, not for one of each target.</summary>
    private bool HasFiles => !database.Journal!.IsFlushed;

    /// <summary>To be called before anything else in a transaction.</summary>
    public void Begin(SqliteConnection connection)
    {
        if (!ReferenceEquals(_connection, connection))
        {
            _connection = connection;
            _rows = new(connection);
            _insert = new(connection, InsertSql);
        }

        Forget();
        _files.Begin(connection);
    }

    /// <inheritdoc cref="BacklogFiles.Reopen"/>
    public void Reopen(DbTransaction transaction) => _files.Reopen(transaction);

    /// <summary>Adds a row that gets its id by <see cref="Flush"/>, which is then the part's.</summary>
    public void Add(OutboxPart part, string? owner, long createdAt, ReadOnlyMemory<byte> body) => Collect(part.Target.Id, owner, new(part, createdAt, body));

    /// <summary>As the other, for a row that nobody else has in memory.</summary>
    public void Add(string targetId, string? owner, long createdAt, ReadOnlyMemory<byte> body) => Collect(targetId, owner, new(Part: null, createdAt, body));

    /// <summary>Adds rows of one target and owner, whose ids follow each other from the first one's on.</summary>
    public void AddRun(long firstId, string targetId, string? owner, ReadOnlySpan<WaitingRow> rows)
    {
        for (var start = 0; start < rows.Length;)
        {
            var (end, bytes) = (start, 0L);
            while (end < rows.Length && end - start < MostRows && (end == start || bytes + rows[end].Body.Length <= MostBytes)) bytes += rows[end++].Body.Length;
            Write(firstId + start, targetId, owner, rows[start..end], bytes);
            start = end;
        }
    }

    /// <summary>Writes what was collected. To be called before the commit.</summary>
    public void Flush()
    {
        foreach (var ((targetId, owner), rows) in _collected) AddRun(Name(rows), targetId, owner, CollectionsMarshal.AsSpan(rows));
        Forget();
    }

    /// <summary>Forgets what was collected.</summary>
    public void Forget()
    {
        _collected.Clear();
        _collectedBytes = 0;
    }

    /// <summary>Takes out what is here of these rows of a target, whose fate is known.</summary>
    /// <returns>Those that are not here.</returns>
    public IReadOnlyList<long> Take(string targetId, IReadOnlyList<long> ids, DbTransaction transaction)
    {
        if (ids.Count == 0) return ids;

        long[] sorted = [.. ids.Order()];
        var (others, chunks, next) = (new List<long>(), new List<OutboxChunk>(), 0);
        foreach (var chunk in transaction.Connection!.Query<OutboxChunk>(FindSql, new { targetId, first = sorted[0], last = sorted[^1] }, transaction))
        {
            for (; next < sorted.Length && sorted[next] < chunk.Id; next++) others.Add(sorted[next]);

            var start = next;
            while (next < sorted.Length && chunk.Has(sorted[next])) next++;
            if (next == start) continue;

            if (next - start < chunk.RowCount) Put(Read(chunk), except: sorted.AsSpan(start, next - start), chunk);
            chunks.Add(chunk);
        }

        Delete(chunks, transaction);
        return [.. others, .. sorted.AsSpan(next)];
    }

    /// <summary>Sees to it that a row is in the table, if it is anywhere.</summary>
    public void PutIntoTable(string targetId, long id, DbTransaction transaction)
    {
        var chunks = transaction.Connection!.Query<OutboxChunk>(FindSql, new { targetId, first = id, last = id }, transaction).ToList();
        foreach (var chunk in chunks) Put(Read(chunk), except: [], chunk);
        Delete(chunks, transaction);
    }

    /// <summary>Removes the oldest chunk, unless a row of the table is older: as a whole, since to take one out of it costs more than the call that makes room.</summary>
    /// <returns>What is gone; null when there was none.</returns>
    public RemovedRow? RemoveOldest(string targetId, string? owner, DbTransaction transaction)
    {
        if (transaction.Connection!.QueryFirstOrDefault<OutboxChunk>(OldestSql, new { targetId, owner }, transaction) is not { } chunk) return null;

        Delete([chunk], transaction);
        return new() { Id = chunk.Id, TargetId = chunk.TargetId, Rows = chunk.RowCount, Bytes = chunk.Bytes, File = chunk.File };
    }

    /// <summary>Chunks in these files were deleted.</summary>
    public void Left(IEnumerable<long> files) => _files.Left(files);

    /// <inheritdoc cref="BacklogFiles.DeleteAtOnce"/>
    public void DeleteAtOnce() => _files.DeleteAtOnce();

    private void Collect(string targetId, string? owner, WaitingRow row)
    {
        if (!_collected.TryGetValue((targetId, owner), out var rows)) _collected.Add((targetId, owner), rows = []);
        rows.Add(row);
        if ((_collectedBytes += row.Body.Length) > MostCollected) Flush();
    }

    private long Name(List<WaitingRow> rows)
    {
        var first = reserve(rows.Count);
        for (var i = 0; i < rows.Count; i++)
        {
            if (rows[i].Part is { } part) part.Id = first + i;
        }

        return first;
    }

    private void Write(long firstId, string targetId, string? owner, ReadOnlySpan<WaitingRow> rows, long bytes)
    {
        if (!HasFiles || (rows.Length < LeastRows && bytes < LeastBytes))
        {
            for (var i = 0; i < rows.Length; i++) _rows!.Insert(firstId + i, targetId, rows[i].CreatedAt, rows[i].Body.Span, owner);
            return;
        }

        var (file, place, length) = _files.Write(firstId, targetId, owner, rows);
        _insert!.Bind(1, firstId);
        _insert.Bind(2, rows.Length);
        _insert.Bind(3, targetId);
        _insert.Bind(4, owner);
        _insert.Bind(5, rows[0].CreatedAt);
        _insert.Bind(6, bytes);
        _insert.Bind(7, file);
        _insert.Bind(8, place);
        _insert.Bind(9, length);
        _insert.Run();
    }

    private IReadOnlyList<OutboxRow> Read(OutboxChunk chunk) => chunk.Read(database.Journal!, new PooledBuffer((int)chunk.Length));

    /// <remarks>One that the disk has lost is no record any more; that is found again when it is sent, and said then.</remarks>
    private void Put(IReadOnlyList<OutboxRow> rows, ReadOnlySpan<long> except, OutboxChunk chunk)
    {
        foreach (var row in rows)
        {
            if (except.BinarySearch(row.Id) < 0) _rows!.Insert(row.Id, chunk.TargetId, row.CreatedAt, row.Body.GetValueOrDefault().Span, chunk.Owner);
        }
    }

    private void Delete(List<OutboxChunk> chunks, DbTransaction transaction)
    {
        if (chunks.Count == 0) return;

        transaction.Connection!.Execute(new CommandDefinition(DeleteSql(chunks), transaction: transaction, flags: CommandFlags.NoCache));
        _files.Left(chunks.Select(chunk => chunk.File));
    }
}

/// <param name="Part">Is told its id; null when nobody wants to know.</param>
/// <param name="CreatedAt">Unix milliseconds.</param>
/// <param name="Body">Valid until it was written or forgotten.</param>
internal readonly record struct WaitingRow(OutboxPart? Part, long CreatedAt, ReadOnlyMemory<byte> Body);
