using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using FluentAssertions;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Proxy.Logging;
using Proxy.Logging.Outbox;
using Proxy.Logging.Records;
using Proxy.Logging.Shipping;

namespace Proxy.Tests.Logging;

/// <summary>The log as the host runs it, over a database that may outlive it.</summary>
internal sealed class TestLog : ILoggerProvider
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly ServiceProvider _services;
    private readonly TempOutboxDatabase _database;
    private readonly ConcurrentDictionary<string, long> _committed = new();

    private TestLog(TempOutboxDatabase database, IDataProtectionProvider protection, TimeProvider time, Action<CompletionLogOptions> configure, ITargetWatch? watch)
    {
        _database = database;
        var services = new ServiceCollection();
        if (watch is not null) services.AddSingleton(watch);
        _services = services
            .AddSingleton<IOutboxDatabase>(database)
            .AddSingleton(protection)
            .AddSingleton(time)
            .AddLogging(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(this))
            .AddCompletionLog()
            .Configure<CompletionLogOptions>(options => options.FlushInterval = TimeSpan.Zero)
            .Configure(configure)
            .BuildServiceProvider();
        Log = _services.GetRequiredService<CompletionLog>();
    }

    public Books Books { get; private set; } = null!;

    public LogOperations Operations => Get<LogOperations>();

    public CompletionLog Log { get; }

    public ConcurrentQueue<(LogLevel Level, string Text)> Lines { get; } = [];

    public static async Task<TestLog> StartAsync(
        TempOutboxDatabase database,
        IDataProtectionProvider protection,
        TimeProvider? time = null,
        Action<CompletionLogOptions>? configure = null,
        int? countedAtOnce = null,
        ITargetWatch? watch = null)
    {
        var log = new TestLog(database, protection, time ?? TimeProvider.System, configure ?? (static _ => { }), watch);
        database.Front = log.Get<OutboxJournal>();
        await log.Get<OutboxStore>().LookAfterJournalAsync(CancellationToken.None);
        var (waiting, dead) = (await log.RowsAsync("outbox"), await log.RowsAsync("dead_letter"));
        log.Books = new Books(log.Get<IMeterFactory>(), waiting.Concat(dead).GroupBy(target => target.Key).ToDictionary(group => group.Key, group => group.Sum(target => target.Value)));
        if (countedAtOnce is { } rows) log.Get<OutboxCensus>().SliceRows = rows;
        foreach (var service in log._services.GetServices<IHostedService>()) await service.StartAsync(CancellationToken.None);
        return log;
    }

    public T Get<T>()
        where T : notnull => _services.GetRequiredService<T>();

    /// <summary>Records calls in one transaction, as calls that end at the same moment are.</summary>
    public async Task RecordAsync(LogTarget target, params CompletionRecord[] records)
    {
        var entries = records.Select(record => Log.Prepare(record, [target])).ToList();
        await CommitAsync([.. entries]);
        foreach (var entry in entries) Log.Committed(entry);
    }

    public Task CommitAsync(params OutboxEntry[] entries) => _database.WriteAsync(
        (connection, transaction) =>
        {
            foreach (var entry in entries) entry.Write(connection, transaction);
            entries[^1].Flush(transaction);
            foreach (var part in entries.SelectMany(entry => entry.Parts)) _committed.AddOrUpdate(LabelOf(part.Target.Id), 1, static (_, count) => count + 1);
        },
        CancellationToken.None);

    /// <summary>Records calls in one transaction, which is then rolled back.</summary>
    /// <param name="isFlushed">Whether all was written by then.</param>
    /// <param name="entries">The calls.</param>
    public async Task RollBackAsync(bool isFlushed, params OutboxEntry[] entries)
    {
        var fail = () => _database.WriteAsync(
            (connection, transaction) =>
            {
                foreach (var entry in entries) entry.Write(connection, transaction);
                if (isFlushed) entries[^1].Flush(transaction);
                throw new InvalidOperationException("The group fails.");
            },
            CancellationToken.None);
        await fail.Should().ThrowAsync<InvalidOperationException>();
        entries[^1].Forget();
    }

    /// <summary>All that waits is in the backlog then.</summary>
    public Task MoveToBacklogAsync() => Get<OutboxStore>().MoveToBacklogAsync(CancellationToken.None);

    /// <summary>Stops, and looks whether the books balance: after each test, so after every fault that there is.</summary>
    public async Task StopAsync()
    {
        await Get<OutboxCensus>().Done.WaitAsync(Limit);
        foreach (var service in _services.GetServices<IHostedService>()) await service.StopAsync(CancellationToken.None);
        Books.ShouldBalance(_committed, await RowsAsync("outbox"), await RowsAsync("dead_letter"));
        if (!Get<OutboxBudget>().IsRough && Books.Read().GetValueOrDefault("accepted") == _committed.Values.Sum())
            Operations.OutboxBytes.Should().Be(await _database.SumBytesAsync(), "the disk budget tells what waits");
    }

    public void Dispose()
    {
        Books.Dispose();
        _services.Dispose();
    }

    private async Task<Dictionary<string, long>> RowsAsync(string table) => (await _database.CountByTargetAsync(table)).ToDictionary(target => LabelOf(target.Id), target => target.Count);

    private static string LabelOf(string targetId) => CompletionLogMetrics.LabelOf(targetId);

    ILogger ILoggerProvider.CreateLogger(string categoryName) => new LineLogger(Lines);

    private sealed class LineLogger(ConcurrentQueue<(LogLevel Level, string Text)> lines) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            lines.Enqueue((logLevel, $"{formatter(state, exception)} {exception}"));
    }
}
