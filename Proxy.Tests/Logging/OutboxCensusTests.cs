using System.Collections.Concurrent;
using FluentAssertions;
using Microsoft.AspNetCore.DataProtection;
using NUnit.Framework;
using Proxy.Logging;
using Proxy.Logging.Outbox;
using Proxy.Logging.Records;
using Proxy.Logging.Shipping;
using Proxy.Tests.Databases;

namespace Proxy.Tests.Logging;

/// <summary>A start on an outbox in which very much waits.</summary>
[OnEachEngine]
internal sealed class OutboxCensusTests
{
    private const int ReadsOfAStart = 2;
    private const int RowsPerTarget = 40;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly EphemeralDataProtectionProvider _protection = new();
    private TempOutboxDatabase _database = null!;
    private FakeLangfuse _langfuse = null!;
    private FakeProject _sound = null!;
    private FakeProject _down = null!;
    private FakeProject _purged = null!;

    [SetUp]
    public async Task FillAsync()
    {
        _database = new();
        _langfuse = await FakeLangfuse.StartAsync();
        (_sound, _down, _purged) = (_langfuse.AddProject("sound"), _langfuse.AddProject("down"), _langfuse.AddProject("purged"));
        _langfuse.Answer = static _ => Task.FromResult(new FakeAnswer(500));
        using var log = await StartAsync();
        FakeProject[] projects = [_sound, _down, _purged];
        for (var row = 0; row < RowsPerTarget / 2; row++)
        {
            foreach (var project in projects) await RecordAsync(log, project, row);
        }

        // Where there are files, these stand together.
        await log.MoveToBacklogAsync();
        for (var part = 0; part < 2; part++)
        {
            foreach (var project in projects) await RecordAsync(log, project, [.. Enumerable.Range((2 + part) * RowsPerTarget / 4, RowsPerTarget / 4)]);
        }

        await log.StopAsync();
    }

    [TearDown]
    public async Task StopAsync()
    {
        await _langfuse.DisposeAsync();
        _database.Dispose();
    }

    [Test]
    public async Task A_start_does_not_wait_for_the_count_and_the_pressure_is_right_after_it()
    {
        var reads = 0;
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _database.BeforeRead = () => Interlocked.Increment(ref reads) > ReadsOfAStart ? held.Task : Task.CompletedTask;

        using var log = await StartAsync(options => options.MaxOutboxBytes = 100_000).WaitAsync(Limit);
        await RecordAsync(log, _down, 0);

        (log.Get<OutboxCensus>().IsDone, log.Log.Pressure).Should().Be((false, OutboxPressure.None), "what is not counted yet does not press");
        held.SetResult();
        await log.Get<OutboxCensus>().Done.WaitAsync(Limit);
        var bytes = await _database.SumBytesAsync();
        bytes.Should().BeGreaterThan(100_000);
        (log.Operations.OutboxBytes, log.Log.Pressure).Should().Be((bytes, OutboxPressure.Full));
        await log.StopAsync();
        log.Lines.Should().Contain(line => line.Text.StartsWith($"{RowsPerTarget} records of an earlier run waited"));
    }

    [Test]
    public async Task What_is_recorded_and_delivered_and_purged_while_it_counts_is_neither_missed_nor_counted_twice([Values(1, 3, 7)] int rowsAtOnce, [Values(2, 5)] int batch)
    {
        _langfuse.Answer = export => Task.FromResult(export.Project == _sound ? FakeAnswer.Ok : new FakeAnswer(500));
        using var log = await StartAsync(options => options.BatchSize = batch, rowsAtOnce);

        // At once with the count and with the sender of the sound target.
        var purge = log.Operations.PurgeOwnerAsync(_purged.PublicKey, CancellationToken.None);
        for (var row = 0; row < RowsPerTarget; row++)
        {
            await RecordAsync(log, _sound, row);
            await RecordAsync(log, _down, row);
        }

        await purge;
        await log.Get<OutboxCensus>().Done.WaitAsync(Limit);
        await _database.WaitForCountAsync("outbox", 2 * RowsPerTarget);

        // The books are compared with the table when it stops.
        await log.StopAsync();
        log.Get<OutboxBudget>().IsRough.Should().BeFalse();
        log.Books.Read().Should().Contain("delivered", 2 * RowsPerTarget).And.Contain("purged", RowsPerTarget).And.Contain("waiting", 2 * RowsPerTarget);
    }

    [Test]
    public async Task A_count_that_fails_goes_on_where_it_was()
    {
        var time = new ManualTimeProvider();
        var reads = 0;
        var isAway = true;
        _database.BeforeRead = () => isAway && Interlocked.Increment(ref reads) > ReadsOfAStart ? throw new IOException("the disk is away") : Task.CompletedTask;
        using var log = await StartAsync(atOnce: 7, time: time);

        // The count and three senders.
        await time.WaitForTimersAsync(TimeSpan.FromSeconds(10), 4);
        (log.Get<OutboxCensus>().IsDone, log.Lines.Any(line => line.Text.Contains("the disk is away"))).Should().Be((false, true));
        isAway = false;
        time.Advance(TimeSpan.FromSeconds(10));
        await log.Get<OutboxCensus>().Done.WaitAsync(Limit);

        log.Operations.OutboxBytes.Should().Be(await _database.SumBytesAsync());
        await log.StopAsync();
    }

    [Test]
    public async Task How_many_wait_for_a_parked_target_is_not_said_before_it_is_known()
    {
        var reads = 0;
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _database.BeforeRead = () => Interlocked.Increment(ref reads) > ReadsOfAStart ? held.Task : Task.CompletedTask;
        _langfuse.Answer = static _ => Task.FromResult(new FakeAnswer(401));
        var (watch, fresh) = (new ParkingList(), _langfuse.AddProject("fresh"));
        using var log = await StartAsync(watch: watch);

        await RecordAsync(log, fresh, 0);
        (await SaidOfAsync(fresh)).Should().Equal(default(long?));
        held.SetResult();
        await log.Get<OutboxCensus>().Done.WaitAsync(Limit);
        (await SaidOfAsync(fresh, 1)).Should().Contain(1);
        (await SaidOfAsync(_down, RowsPerTarget)).Should().Contain(RowsPerTarget);
        await log.StopAsync();

        Task<long?[]> SaidOfAsync(FakeProject project, long? waiting = null) => Eventually.BecomesAsync(
            () =>
            {
                if (waiting is not null) log.Operations.Hurry();
                return Task.FromResult(watch.Parkings.Where(parked => parked.Target == project.Target).Select(parked => parked.Waiting).ToArray());
            },
            said => said.Contains(waiting));
    }

    private Task<TestLog> StartAsync(Action<CompletionLogOptions>? configure = null, int? atOnce = null, TimeProvider? time = null, ITargetWatch? watch = null) => TestLog.StartAsync(
        _database,
        _protection,
        time,
        options =>
        {
            options.ShutdownTimeout = TimeSpan.Zero;
            configure?.Invoke(options);
        },
        atOnce,
        watch);

    /// <summary>Rows are of different sizes, so that one that is taken for another shows.</summary>
    private static async Task RecordAsync(TestLog log, FakeProject project, params int[] rows)
    {
        OutboxEntry[] entries =
        [
            .. rows.Select(row => log.Log.Prepare(
                Some.Record() with { Input = Some.Json($"\"{new string('x', 100 * row)} \"") }, [new LogRoute(project.Target)], project.PublicKey, policy: null)),
        ];
        await log.CommitAsync(entries);
        foreach (var entry in entries) log.Log.Committed(entry);
    }

    private sealed class ParkingList : ITargetWatch
    {
        public ConcurrentQueue<ParkedTarget> Parkings { get; } = [];

        public void Parked(ParkedTarget parked) => Parkings.Enqueue(parked);

        public void Answered(string targetId)
        {
        }
    }
}
