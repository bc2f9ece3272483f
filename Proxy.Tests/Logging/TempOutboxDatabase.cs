using System.Data.Common;
using System.Globalization;
using System.Text;
using Dapper;
using Proxy.Logging.Outbox;
using Proxy.Management.Storage;
using Proxy.Tests.Databases;

namespace Proxy.Tests.Logging;

/// <summary>An outbox in a database of its own, with one writer, as the program has it.</summary>
internal sealed class TempOutboxDatabase : IOutboxDatabase, IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"outbox-{Guid.NewGuid():N}.db");
    private readonly TestDatabase _place;
    private readonly Database _database;
    private readonly DbConnection _writer;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private volatile TaskCompletionSource _commit = NewSource();

    public TempOutboxDatabase()
    {
        _place = Task.Run(Create).GetAwaiter().GetResult();
        _database = new Database(_place.Setting);
        Task.Run(() => new Migrator(_database, TimeProvider.System).ApplyAsync("logging", OutboxSchema.Scripts)).GetAwaiter().GetResult();
        _writer = _database.Engine.OpenForSchema();

        Task<TestDatabase> Create() => TestDatabase.CreateAsync(_path);
    }

    /// <summary>Called before each write; may throw, as a full disk would.</summary>
    public Action BeforeWrite { get; set; } = static () => { };

    /// <summary>What stands before the table, while a log runs.</summary>
    public OutboxJournal? Front { get; set; }

    /// <summary>Whether each commit waits for the disk.</summary>
    public bool IsFlushed { get; init; }

    /// <summary>How large a file of the journal becomes; null for what the program takes.</summary>
    public long? JournalFileBytes { get; set; }

    public JournalPlace? Journal
    {
        get
        {
            if (_place.Postgres is not null) return null;

            var place = new JournalPlace(_path + "-log", IsFlushed);
            return JournalFileBytes is { } bytes ? place with { FileBytes = bytes } : place;
        }
    }

    /// <summary>The files that stand before the table.</summary>
    public IReadOnlyList<string> JournalFiles => [.. Directory.GetFiles(Path.GetTempPath(), Path.GetFileName(_path) + "-log-0*").Order()];

    /// <summary>The files in which rows are that wait for longer.</summary>
    public IReadOnlyList<string> BacklogFiles => [.. Directory.GetFiles(Path.GetTempPath(), Path.GetFileName(_path) + "-log-backlog-*").Order()];

    /// <summary>The files of the backlog by their numbers: those that are there, and those that chunks are in.</summary>
    public async Task<(IReadOnlyList<long> There, IReadOnlyList<long> Used)> BacklogFilesAsync()
    {
        if (Journal is null) return ([], []);

        await using var connection = await _database.OpenAsync(CancellationToken.None);
        return (OutboxFile.NumbersOf(Journal.Backlog), [.. await connection.QueryAsync<long>("select distinct file from outbox_chunk")]);
    }

    public static long NumberOf(string journalFile) => long.Parse(journalFile.AsSpan(journalFile.Length - 10), CultureInfo.InvariantCulture);

    /// <summary>A file that is being written.</summary>
    public static byte[] ReadJournalFile(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>All that the files say.</summary>
    public string ReadJournal() => string.Concat(JournalFiles.Concat(BacklogFiles).Select(path => Encoding.Latin1.GetString(ReadJournalFile(path))));

    /// <summary>Awaited before each read of the log.</summary>
    public Func<Task> BeforeRead { get; set; } = static () => Task.CompletedTask;

    public bool TakesLists => _place.Postgres is not null;

    public async ValueTask<DbConnection> OpenAsync(CancellationToken cancellationToken)
    {
        await BeforeRead().WaitAsync(cancellationToken);
        return await _database.OpenAsync(cancellationToken);
    }

    public async Task WriteAsync(Action<DbConnection, DbTransaction> work, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            BeforeWrite();
            await using var transaction = await _writer.BeginTransactionAsync(cancellationToken);
            work(_writer, transaction);
            await transaction.CommitAsync(cancellationToken);
            Interlocked.Exchange(ref _commit, NewSource()).SetResult();
        }
        finally
        {
            _turn.Release();
        }
    }

    public async Task<long> CountAsync(string table)
    {
        if (table != "outbox") return await ReadAsync($"select count(*) from {table}");

        // Before the backlog is asked: what moves meanwhile is counted twice, and once when the commit of it has been told of.
        return (Front?.CountByTarget().Sum(target => target.Value.Count) ?? 0) + await CountBacklogAsync();
    }

    /// <summary>Rows that are not in the journal.</summary>
    public Task<long> CountBacklogAsync() => ReadAsync("select (select count(*) from outbox) + (select coalesce(sum(row_count), 0) from outbox_chunk)");

    public Task<long> CountOwnedAsync(string owner) =>
        ReadAsync($"select (select count(*) from outbox where owner = '{owner}') + (select coalesce(sum(row_count), 0) from outbox_chunk where owner = '{owner}')");

    public Task<long> CountChunksAsync() => ReadAsync("select count(*) from outbox_chunk");

    /// <summary>The highest id that a row of the table ever had.</summary>
    public Task<long> LastRowIdAsync() => ReadAsync("select coalesce(max(seq), 0) from sqlite_sequence where name = 'outbox'");

    private async Task<long> ReadAsync(string sql)
    {
        await using var connection = await _database.OpenAsync(CancellationToken.None);
        return await connection.ExecuteScalarAsync<long>(sql);
    }

    public async Task<IReadOnlyList<(string Id, long Count)>> CountByTargetAsync(string table)
    {
        var rows = table == "outbox" ? "(select target_id, 1 as row_count from outbox union all select target_id, row_count from outbox_chunk) x" : $"(select target_id, 1 as row_count from {table}) x";
        await using var connection = await _database.OpenAsync(CancellationToken.None);
        return [.. await connection.QueryAsync<(string, long)>($"select target_id, cast(sum(row_count) as bigint) from {rows} group by target_id")];
    }

    public async Task<long> SumBytesAsync() =>
        (Front?.Bytes ?? 0) + await ReadAsync("select cast((select coalesce(sum(length(body)), 0) from outbox) + (select coalesce(sum(bytes), 0) from outbox_chunk) as bigint)");

    public async Task WaitForCountAsync(string table, long count)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        for (var commit = _commit; await CountAsync(table) != count; commit = _commit) await commit.Task.WaitAsync(limit.Token);
    }

    /// <summary>What waits in the backlog, as text, in the order of the ids.</summary>
    public async Task<IReadOnlyList<string>> BodiesAsync() => [.. (await BodiesByIdAsync()).OrderBy(row => row.Key).Select(row => row.Value)];

    /// <summary>What waits in the backlog, as text.</summary>
    public async Task<Dictionary<long, string>> BodiesByIdAsync()
    {
        await using var connection = await _database.OpenAsync(CancellationToken.None);
        return await OutboxRows.ReadAsync(connection, Journal);
    }

    /// <summary>Everything that is on the disk, the write-ahead log included; on a server all that the rows of targets say.</summary>
    public byte[] ReadFiles()
    {
        if (_place.Postgres is null) return [.. Directory.GetFiles(Path.GetTempPath(), Path.GetFileName(_path) + "*").Order().SelectMany(ReadShared)];

        using var command = _writer.CreateCommand();
        command.CommandText = "select string_agg(cast(t as text), ' ') from log_target t";
        return Encoding.UTF8.GetBytes((string)command.ExecuteScalar()!);
    }

    public void Dispose()
    {
        _writer.Dispose();
        _turn.Dispose();
        _database.ReleaseReaders();
        _database.Dispose();
        Task.Run(async () => await _place.DisposeAsync()).GetAwaiter().GetResult();
        foreach (var file in Directory.GetFiles(Path.GetTempPath(), Path.GetFileName(_path) + "*")) File.Delete(file);
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static byte[] ReadShared(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var copy = new MemoryStream();
        file.CopyTo(copy);
        return copy.ToArray();
    }
}
