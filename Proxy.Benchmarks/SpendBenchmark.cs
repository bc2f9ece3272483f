using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.Logging.Abstractions;
using Proxy.Management;
using Proxy.Management.Budgets;
using Proxy.Management.Keys;
using Proxy.Management.Spend;
using Proxy.Management.Storage;
using Proxy.Management.Teams;

namespace Proxy.Benchmarks;

/// <summary>What it takes to record a call on SQLite, where many calls share a commit: a thousand keys of a hundred teams on five models.</summary>
[MemoryDiagnoser]
public class SpendBenchmark : IDisposable
{
    private const int Calls = 4096;

    private readonly string _folder = Directory.CreateTempSubdirectory("proxy-spend-").FullName;
    private Database _database = null!;
    private CommitQueue _queue = null!;
    private SpendLedger _ledger = null!;

    [GlobalSetup]
    public async Task OpenAsync()
    {
        _database = new Database($"sqlite:{_folder}/proxy.db");
        await new Migrator(_database, TimeProvider.System).ApplyAsync(ManagementServices.SchemaOwner, ManagementServices.SchemaScripts);
        _queue = new CommitQueue(_database, NullLogger<CommitQueue>.Instance);

        // What is recorded is of keys and teams that nobody has in memory.
        var accounts = new AccountRing(new AccountStore(_database));
        var teams = new TeamRing(null!, accounts, null!);
        _ledger = new SpendLedger(_queue, new KeyRing(null!, new KeySecrets(_database), teams, accounts, null!, TimeProvider.System), teams, accounts, TimeProvider.System, NullLogger<SpendLedger>.Instance);
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _queue.Dispose();
        _database.Dispose();
        Directory.Delete(_folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    [Benchmark(OperationsPerInvoke = Calls)]
    public Task RecordAsync()
    {
        var now = TimeProvider.System.GetUtcNow();
        var tasks = new Task[Calls];
        for (var i = 0; i < Calls; i++)
        {
            var key = i % 1000;
            tasks[i] = _ledger.RecordAsync(
                new SpendEntry
                {
                    CallId = Guid.CreateVersion7(now),
                    CallType = "acompletion",
                    KeyHash = KeyHash.Of($"sk-{key}"),
                    TeamId = $"team-{key % 100}",
                    UserId = $"user-{key}",
                    Model = $"model-{i % 5}",
                    UpstreamModel = $"model-{i % 5}-2026",
                    Provider = "openai",
                    Destination = "model/openai",
                    Outcome = SpendOutcome.Success,
                    StatusCode = 200,
                    Usage = new TokenUsage(100, 20, 0, 50, 0),
                    Cost = 0.001m,
                    StartedAt = now,
                    EndedAt = now,
                },
                rider: null);
        }

        return Task.WhenAll(tasks);
    }
}
