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
    public IReadOnlyList<string> JournalFiles => [.. Directory.GetFiles(Path.GetTempPath(), Path.GetFileName(_path) + "-log-*").Order()];

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
    public string ReadJournal() => string.Concat(JournalFiles.Select(path => Encoding.Latin1.GetString(ReadJournalFile(path))));

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
        // Before the table is asked: what moves meanwhile is counted twice, and once when the commit of it has been told of.
        var before = table == "outbox" ? Front?.CountByTarget().Sum(target => target.Value.Count) ?? 0 : 0;
        await using var connection = await _database.OpenAsync(CancellationToken.None);
        return before + await connection.ExecuteScalarAsync<long>($"select count(*) from {table}");
    }

    /// <summary>Rows of the table alone.</summary>
    public Task<long> CountTableAsync() => ReadAsync("select count(*) from outbox");

    /// <summary>The highest id that a row of the table ever had.</summary>
    public Task<long> LastRowIdAsync() => ReadAsync("select coalesce(max(seq), 0) from sqlite_sequence where name = 'outbox'");

    private async Task<long> ReadAsync(string sql)
    {
        await using var connection = await _database.OpenAsync(CancellationToken.None);
        return await connection.ExecuteScalarAsync<long>(sql);
    }

    public async Task<IReadOnlyList<(string Id, long Count)>> CountByTargetAsync(string table)
    {
        await using var connection = await _database.OpenAsync(CancellationToken.None);
        return [.. await connection.QueryAsync<(string, long)>($"select target_id, count(*) from {table} group by target_id")];
    }

    public async Task<long> SumBytesAsync()
    {
        await using var connection = await _database.OpenAsync(CancellationToken.None);
        return (Front?.Bytes ?? 0) + await connection.ExecuteScalarAsync<long>("select coalesce(sum(length(body)), 0) from outbox");
    }

    public async Task WaitForCountAsync(string table, long count)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        for (var commit = _commit; await CountAsync(table) != count; commit = _commit) await commit.Task.WaitAsync(limit.Token);
    }

    /// <summary>What waits, as text.</summary>
    public async Task<IReadOnlyList<string>> BodiesAsync()
    {
        await using var connection = await _database.OpenAsync(CancellationToken.None);
        return [.. (await connection.QueryAsync<byte[]>("select body from outbox order by id")).Select(Encoding.UTF8.GetString)];
    }

    /// <summary>What waits in the table, as text.</summary>
    public async Task<Dictionary<long, string>> BodiesByIdAsync()
    {
        await using var connection = await _database.OpenAsync(CancellationToken.None);
        return (await connection.QueryAsync<(long Id, byte[] Body)>("select id, body from outbox")).ToDictionary(row => row.Id, row => Encoding.UTF8.GetString(row.Body));
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
