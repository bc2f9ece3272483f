using System.Data.Common;
using Dapper;
using Microsoft.Data.Sqlite;
using Proxy.Logging.Outbox;

namespace Proxy.Tests.Logging;

/// <summary>An outbox in a file of its own, with one writer, as the program has it.</summary>
internal sealed class TempOutboxDatabase : IOutboxDatabase, IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"outbox-{Guid.NewGuid():N}.db");
    private readonly SqliteConnection _writer;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private volatile TaskCompletionSource _commit = NewSource();

    public TempOutboxDatabase()
    {
        _writer = new(ConnectionString);
        _writer.Open();
        _writer.Execute("pragma journal_mode = wal");
        foreach (var (_, sql) in OutboxSchema.Scripts) _writer.Execute(sql);
    }

    /// <summary>Called before each write; may throw, as a full disk would.</summary>
    public Action BeforeWrite { get; set; } = static () => { };

    private string ConnectionString => $"Data Source={_path};Pooling=False;Default Timeout=10";

    public async ValueTask<DbConnection> OpenAsync(CancellationToken cancellationToken)
    {
        var connection = new SqliteConnection(ConnectionString);
        await connection.OpenAsync(cancellationToken);
        return connection;
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
        await using var connection = await OpenAsync(CancellationToken.None);
        return await connection.ExecuteScalarAsync<long>($"select count(*) from {table}");
    }

    public async Task WaitForCountAsync(string table, long count)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        for (var commit = _commit; await CountAsync(table) != count; commit = _commit) await commit.Task.WaitAsync(limit.Token);
    }

    /// <summary>Everything that is on the disk, the write-ahead log included.</summary>
    public byte[] ReadFiles() =>
        [.. Directory.GetFiles(Path.GetTempPath(), Path.GetFileName(_path) + "*").Order().SelectMany(ReadShared)];

    public void Dispose()
    {
        _writer.Dispose();
        _turn.Dispose();
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
