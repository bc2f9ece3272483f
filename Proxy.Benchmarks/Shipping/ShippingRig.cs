using System.Globalization;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Proxy.Benchmarks.Load;
using Proxy.Host.Recording;
using Proxy.Logging;
using Proxy.Logging.Outbox;
using Proxy.Logging.Records;
using Proxy.Management;
using Proxy.Management.Budgets;
using Proxy.Management.Keys;
using Proxy.Management.Spend;
using Proxy.Management.Storage;
using Proxy.Management.Teams;

namespace Proxy.Benchmarks.Shipping;

/// <summary>Ledger, outbox and senders as the gateway has them, on SQLite, with a Langfuse in a process of its own that takes everything.</summary>
internal sealed class ShippingRig : IAsyncDisposable
{
    private const long MaxWaitingBytes = 3_000_000;

    private readonly string _folder;
    private readonly ServiceProvider _services;
    private readonly Database _database;
    private readonly CommitQueue _queue;
    private readonly MeasuredProcess _langfuse;
    private readonly LogTarget _target;

    private ShippingRig(string folder, Database database, MeasuredProcess langfuse, int port)
    {
        (_folder, _database) = (folder, database);
        _langfuse = langfuse;
        _queue = new CommitQueue(database, NullLogger<CommitQueue>.Instance);
        var accounts = new AccountRing(new AccountStore(database));
        var teams = new TeamRing(null!, accounts, null!);
        Ledger = new SpendLedger(_queue, new KeyRing(null!, new KeySecrets(_database), teams, accounts, null!, TimeProvider.System), teams, accounts, TimeProvider.System, NullLogger<SpendLedger>.Instance);
        _services = new ServiceCollection()
            .AddSingleton<IOutboxDatabase>(new OutboxDatabase(database, _queue))
            .AddSingleton<IDataProtectionProvider>(new EphemeralDataProtectionProvider())
            .AddSingleton(TimeProvider.System)
            .AddLogging()
            .AddCompletionLog()
            .BuildServiceProvider();
        Log = _services.GetRequiredService<CompletionLog>();
        _target = new LogTarget(new Uri($"http://127.0.0.1:{port}"), "pk-bench", "sk-bench") { IsTrusted = true };
    }

    public SpendLedger Ledger { get; }

    public CompletionLog Log { get; }

    public static async Task<ShippingRig> StartAsync()
    {
        var folder = Directory.CreateTempSubdirectory("proxy-shipping-").FullName;
        var port = MeasuredProcess.FreePort();
        var langfuse = await MeasuredProcess.StartAsync(
            MeasuredProcess.LoadCore, port, folder, new Dictionary<string, string>(), "dotnet", Path.Combine(AppContext.BaseDirectory, "Proxy.Benchmarks.dll"), LoadCommand.ProviderVerb,
            port.ToString(CultureInfo.InvariantCulture));
        var database = new Database($"sqlite:{folder}/proxy.db");
        var migrator = new Migrator(database, TimeProvider.System);
        await migrator.ApplyAsync(ManagementServices.SchemaOwner, ManagementServices.SchemaScripts);
        await migrator.ApplyAsync("logging", OutboxSchema.Scripts);
        var rig = new ShippingRig(folder, database, langfuse, port);
        foreach (var service in rig._services.GetServices<IHostedService>()) await service.StartAsync(CancellationToken.None);
        return rig;
    }

    /// <summary>Whoever makes calls goes on when the log has caught up: what is measured is a gateway whose targets keep up.</summary>
    public async ValueTask AwaitRoomAsync()
    {
        while (_services.GetRequiredService<LogOperations>().OutboxBytes > MaxWaitingBytes) await Task.Delay(1);
    }

    /// <summary>What the gateway does at the end of each call.</summary>
    public async Task RecordAsync(SpendEntry spend, CompletionRecord? record)
    {
        if (record is null)
        {
            await Ledger.RecordAsync(spend, rider: null);
            return;
        }

        var entry = Log.Prepare(record, [new LogRoute(_target)], spend.TeamId, policy: null);
        await Ledger.RecordAsync(spend, new OutboxRider(Log, entry, key: null, team: null));
    }

    public async Task AwaitShippedAsync()
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while ((await _services.GetRequiredService<LogOperations>().ListTargetsAsync(CancellationToken.None)).Sum(target => target.Waiting) > 0) await timer.WaitForNextTickAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var service in _services.GetServices<IHostedService>()) await service.StopAsync(CancellationToken.None);
        await _services.DisposeAsync();
        _queue.Dispose();
        _database.Dispose();
        await _langfuse.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
