using System.Text;
using FluentAssertions;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Logging;
using NUnit.Framework;
using Proxy.Logging;
using Proxy.Logging.Records;
using Proxy.Logging.Shipping;
using Proxy.Tests.Databases;

namespace Proxy.Tests.Logging;

[OnEachEngine]
public sealed class CompletionLogTests : IDisposable
{
    private readonly TempOutboxDatabase _database = new();
    private readonly EphemeralDataProtectionProvider _protection = new();
    private FakeLangfuse _langfuse = null!;
    private FakeProject _blue = null!;
    private FakeProject _green = null!;

    [SetUp]
    public async Task StartLangfuse()
    {
        _langfuse = await FakeLangfuse.StartAsync();
        _blue = _langfuse.AddProject("blue");
        _green = _langfuse.AddProject("green");
    }

    [TearDown]
    public async Task StopLangfuse() => await _langfuse.DisposeAsync();

    public void Dispose() => _database.Dispose();

    [Test]
    public async Task Each_target_gets_its_own_records_and_no_others()
    {
        using var log = await StartAsync();

        await log.RecordAsync(_blue.Target, Some.Record("for blue"));
        await log.RecordAsync(_green.Target, Some.Record("for green"));

        (await _langfuse.WaitForSpansAsync(_blue.PublicKey, 1)).Should().ContainSingle().Which.Name.Should().Be("for blue");
        (await _langfuse.WaitForSpansAsync(_green.PublicKey, 1)).Should().ContainSingle().Which.Name.Should().Be("for green");
        await log.StopAsync();
        (await _database.CountAsync("outbox")).Should().Be(0);
    }

    [Test]
    public async Task One_record_reaches_all_its_targets()
    {
        using var log = await StartAsync();
        var entry = log.Log.Prepare(Some.Record(), [_blue.Target, _green.Target]);

        await log.CommitAsync(entry);
        log.Log.Committed(entry);

        var blue = await _langfuse.WaitForSpansAsync(_blue.PublicKey, 1);
        var green = await _langfuse.WaitForSpansAsync(_green.PublicKey, 1);
        green.Single().SpanId.Should().Be(blue.Single().SpanId);
        await log.StopAsync();
    }

    [Test]
    public async Task A_record_without_targets_writes_nothing()
    {
        using var log = await StartAsync();
        var entry = log.Log.Prepare(Some.Record(), []);

        await log.CommitAsync(entry);
        log.Log.Committed(entry);

        (entry.IsEmpty, await _database.CountAsync("outbox")).Should().Be((true, 0));
        await log.StopAsync();
    }

    [Test]
    public async Task What_was_committed_before_a_crash_is_sent_after_the_next_start()
    {
        using (var crashed = await StartAsync()) await crashed.CommitAsync(crashed.Log.Prepare(Some.Record("kept"), [_blue.Target]));

        using var log = await StartAsync();

        (await _langfuse.WaitForSpansAsync(_blue.PublicKey, 1)).Single().Name.Should().Be("kept");
        await log.StopAsync();
        (await _database.CountAsync("outbox")).Should().Be(0);
    }

    [Test]
    public async Task A_transaction_that_was_rolled_back_can_be_written_again()
    {
        using var log = await StartAsync();
        var entry = log.Log.Prepare(Some.Record(), [_blue.Target]);
        var first = () => _database.WriteAsync(
            (connection, transaction) =>
            {
                entry.Write(connection, transaction);
                entry.Flush(transaction);
                throw new InvalidOperationException("Another entry of the group is bad.");
            },
            CancellationToken.None);
        await first.Should().ThrowAsync<InvalidOperationException>();

        await log.CommitAsync(entry);
        log.Log.Committed(entry);

        (await _langfuse.WaitForSpansAsync(_blue.PublicKey, 1)).Should().ContainSingle();
        await log.StopAsync();
    }

    [Test]
    public async Task A_target_that_refuses_a_large_request_is_asked_once_and_gets_the_usual_size_from_then_on()
    {
        var refused = 0;
        _langfuse.Answer = export =>
        {
            var isLarge = export.Spans.Count > 12;
            if (isLarge) Interlocked.Increment(ref refused);
            return Task.FromResult(isLarge ? new FakeAnswer(413) : FakeAnswer.Ok);
        };
        using var log = await StartAsync();
        var text = Some.Json($"\"{new string('x', 100_000)}\"");

        await log.RecordAsync(_blue.Target, [.. Enumerable.Range(0, 100).Select(_ => Some.Record() with { Input = text })]);

        await _langfuse.WaitForSpansAsync(_blue.PublicKey, 100);
        refused.Should().Be(1);
        await log.StopAsync();
    }

    [Test]
    public async Task Many_records_go_out_in_batches_and_in_order()
    {
        using var log = await StartAsync(options => options.BatchSize = 10);
        var records = Enumerable.Range(0, 250).Select(i => Some.Record($"{i}")).ToArray();

        await log.RecordAsync(_blue.Target, records);

        var spans = await _langfuse.WaitForSpansAsync(_blue.PublicKey, 250);
        spans.Select(span => span.Name).Should().Equal(records.Select(record => record.Name));
        _blue.Requests.Should().BeInRange(3, 30, "what waits anyway goes ten times as many at once");
        await log.StopAsync();
    }

    [Test]
    public async Task Records_wait_for_company_until_the_flush_interval_is_over()
    {
        var time = new ManualTimeProvider();
        using var log = await StartAsync(options => options.FlushInterval = TimeSpan.FromSeconds(1), time);

        await log.RecordAsync(_blue.Target, Some.Record());
        await time.WaitForTimerAsync(TimeSpan.FromSeconds(1));
        await log.RecordAsync(_blue.Target, Some.Record());
        time.Advance(TimeSpan.FromSeconds(1));

        await _langfuse.WaitForSpansAsync(_blue.PublicKey, 2);
        _blue.Requests.Should().Be(1);
        await log.StopAsync();
    }

    [Test]
    public async Task A_full_batch_does_not_wait()
    {
        using var log = await StartAsync(
            options => (options.FlushInterval, options.BatchSize) = (TimeSpan.FromSeconds(1), 3), new ManualTimeProvider());

        await log.RecordAsync(_blue.Target, Some.Record(), Some.Record(), Some.Record());

        (await _langfuse.WaitForSpansAsync(_blue.PublicKey, 3)).Should().HaveCount(3);
        await log.StopAsync();
    }

    /// <summary>So that a team that makes many calls does not make as many requests as its provider of logs counts.</summary>
    [Test]
    public async Task Full_batches_of_a_busy_target_share_a_request_unless_there_is_as_much_as_goes_into_one()
    {
        var time = new ManualTimeProvider();
        var isTaken = new TaskCompletionSource();
        _langfuse.Answer = async _ =>
        {
            await isTaken.Task;
            return new FakeAnswer(200);
        };
        using var log = await StartAsync(options => (options.FlushInterval, options.BatchSize) = (TimeSpan.FromSeconds(1), 3), time);

        await log.RecordAsync(_blue.Target, Records(3));
        await _langfuse.WaitForRequestsAsync(_blue.PublicKey, 1);
        await log.RecordAsync(_blue.Target, Records(3));
        isTaken.SetResult();
        await time.WaitForTimerAsync(TimeSpan.FromMilliseconds(61));
        await log.RecordAsync(_blue.Target, Records(4));
        time.Advance(TimeSpan.FromMilliseconds(61));
        await _langfuse.WaitForSpansAsync(_blue.PublicKey, 10);
        _blue.Requests.Should().Be(2, "seven records shared one");

        isTaken = new TaskCompletionSource();
        time.Advance(TimeSpan.FromMilliseconds(61));
        await log.RecordAsync(_blue.Target, Records(3));
        await _langfuse.WaitForRequestsAsync(_blue.PublicKey, 3);
        await log.RecordAsync(_blue.Target, Records(30));
        isTaken.SetResult();
        await _langfuse.WaitForSpansAsync(_blue.PublicKey, 43);
        _blue.Requests.Should().Be(4, "thirty are as many as share a request, and wait for nothing");
        await log.StopAsync();

        static CompletionRecord[] Records(int count) => [.. Enumerable.Range(0, count).Select(_ => Some.Record())];
    }

    /// <summary>Its memory is somebody else's by then.</summary>
    [Test]
    public async Task An_entry_that_was_committed_tells_nothing_any_more()
    {
        using var log = await StartAsync();
        var entry = log.Log.Prepare(Some.Record(), [_blue.Target]);
        var part = entry.Parts.Single();
        entry.BodyOf(part).Length.Should().BePositive();
        entry.RenderedOf(part).Length.Should().BePositive();
        await log.CommitAsync(entry);

        log.Log.Committed(entry);

        entry.Invoking(after => after.BodyOf(part)).Should().Throw<ArgumentOutOfRangeException>();
        entry.Invoking(after => after.RenderedOf(part)).Should().Throw<ArgumentOutOfRangeException>();
        (await _langfuse.WaitForSpansAsync(_blue.PublicKey, 1)).Should().ContainSingle();
        await log.StopAsync();
    }

    [Test]
    public async Task A_prompt_that_is_cut_takes_the_memory_of_what_is_left_of_it()
    {
        using var log = await StartAsync(options => options.MaxFieldBytes = 1000);
        var record = Some.Record() with { Input = Some.Json($"\"{string.Concat(Enumerable.Repeat("word ", 2_000_000))}\"") };

        var before = GC.GetAllocatedBytesForCurrentThread();
        log.Log.Prepare(record, [_blue.Target, _green.Target]);

        (GC.GetAllocatedBytesForCurrentThread() - before).Should().BeLessThan(1_000_000);
        await log.StopAsync();
    }

    /// <summary>Nobody else has an array of this length.</summary>
    [Test]
    public async Task Memory_that_nobody_needs_goes_when_the_janitor_has_looked_twice()
    {
        const int Length = 3_500_000;
        using var log = await StartAsync();
        var (call, request) = (CallMemory.Pool.Rent(Length), CallMemory.Requests.Rent(Length));
        CallMemory.Pool.Return(call);
        CallMemory.Requests.Return(request);

        for (var look = 0; look < 2; look++) await log.Get<OutboxJanitor>().LookAsync(CancellationToken.None);

        CallMemory.Pool.Rent(Length).Should().NotBeSameAs(call);
        CallMemory.Requests.Rent(Length).Should().NotBeSameAs(request);
        await log.StopAsync();
    }

    [Test]
    public async Task Nobody_writes_for_a_target_that_does_not_take_what_will_be_read_from_the_outbox()
    {
        var time = new ManualTimeProvider();
        var isDown = true;
        _langfuse.Answer = _ => Task.FromResult(new FakeAnswer(isDown ? 503 : 200));
        using var log = await StartAsync(time: time);
        await log.RecordAsync(_blue.Target, Some.Record("first"));
        await time.WaitForTimerAsync(due => due <= TimeSpan.FromSeconds(2));

        log.Log.Prepare(Some.Record(), [_blue.Target]).Parts.Single().Format.Should().BeNull();
        log.Log.Prepare(Some.Record(), [_green.Target]).Parts.Single().Format.Should().NotBeNull();
        await log.RecordAsync(_blue.Target, Some.Record("second"));
        isDown = false;
        time.Advance(TimeSpan.FromSeconds(2));

        (await _langfuse.WaitForSpansAsync(_blue.PublicKey, 2)).Select(span => span.Name).Should().Equal("first", "second");
        await _database.WaitForCountAsync("outbox", 0);
        log.Log.Prepare(Some.Record(), [_blue.Target]).Parts.Single().Format.Should().NotBeNull();
        await log.StopAsync();
    }

    [Test]
    public async Task Nothing_is_lost_or_sent_twice_when_calls_end_while_senders_end()
    {
        using var log = await StartAsync();
        var writers = Enumerable.Range(0, 4).Select(async _ =>
        {
            for (var i = 0; i < 100; i++) await log.RecordAsync(_blue.Target, Some.Record());
        });

        await Task.WhenAll(writers);

        var spans = await _langfuse.WaitForSpansAsync(_blue.PublicKey, 400);
        await log.StopAsync();
        (spans.Count, _blue.TotalDeliveries, await _database.CountAsync("outbox")).Should().Be((400, 400L, 0L));
    }

    [Test]
    public async Task Secrets_are_neither_on_the_disk_nor_in_the_logs()
    {
        _langfuse.Answer = static _ => Task.FromResult(new FakeAnswer(401));
        using var log = await StartAsync();

        await log.RecordAsync(_blue.Target, Some.Record());
        await _langfuse.WaitForRequestsAsync(_blue.PublicKey, 1);
        await log.StopAsync();

        var secret = _blue.Target.SecretKey;
        _database.ReadFiles().AsSpan().IndexOf(Encoding.UTF8.GetBytes(secret)).Should().Be(-1);
        _database.ReadFiles().AsSpan().IndexOf(Encoding.UTF8.GetBytes(_blue.PublicKey)).Should().BePositive();
        log.Lines.Should().NotBeEmpty().And.NotContain(line => line.Text.Contains(secret) || line.Text.Contains("hello"));
    }

    [Test]
    public async Task Stopping_sends_at_once_what_waits_for_company()
    {
        using var log = await StartAsync(options => options.FlushInterval = TimeSpan.FromSeconds(1), new ManualTimeProvider());
        await log.RecordAsync(_blue.Target, Some.Record());

        await log.StopAsync();

        (_blue.Spans.Count, await _database.CountAsync("outbox")).Should().Be((1, 0L));
    }

    [Test]
    public async Task Stopping_keeps_what_a_hanging_target_has_not_taken_and_the_next_run_delivers_it()
    {
        _langfuse.Answer = static async export =>
        {
            await Task.Delay(Timeout.Infinite, export.Aborted);
            return FakeAnswer.Ok;
        };
        using (var first = await StartAsync(options => options.ShutdownTimeout = TimeSpan.Zero))
        {
            await first.RecordAsync(_blue.Target, Some.Record());
            await _langfuse.WaitForRequestsAsync(_blue.PublicKey, 1);
            await first.StopAsync();
        }

        (await _database.CountAsync("outbox")).Should().Be(1);
        _langfuse.Answer = static _ => Task.FromResult(FakeAnswer.Ok);
        using var second = await StartAsync();

        (await _langfuse.WaitForSpansAsync(_blue.PublicKey, 1)).Should().ContainSingle();
        await second.StopAsync();
    }

    [Test]
    public async Task A_secret_that_cannot_be_read_keeps_the_records_until_the_target_is_named_again()
    {
        using (var old = await StartAsync()) await old.CommitAsync(old.Log.Prepare(Some.Record("old"), [_blue.Target]));
        var time = new ManualTimeProvider();
        using var log = await TestLog.StartAsync(_database, new EphemeralDataProtectionProvider(), time);
        await time.WaitForTimerAsync(TimeSpan.FromSeconds(60));

        await log.RecordAsync(_blue.Target, Some.Record("new"));
        time.Advance(TimeSpan.FromSeconds(60));

        (await _langfuse.WaitForSpansAsync(_blue.PublicKey, 2)).Select(span => span.Name).Should().Equal("old", "new");
        log.Lines.Should().ContainSingle(line => line.Level == LogLevel.Warning);
        await log.StopAsync();
    }

    private Task<TestLog> StartAsync(Action<CompletionLogOptions>? configure = null, TimeProvider? time = null) =>
        TestLog.StartAsync(_database, _protection, time, configure);
}
