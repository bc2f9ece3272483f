using System.Runtime.InteropServices;
using FluentAssertions;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Logging;
using NUnit.Framework;
using Proxy.Tests.Databases;

namespace Proxy.Tests.Logging;

[OnEachEngine]
public sealed class DeliveryTests : IDisposable
{
    private readonly TempOutboxDatabase _database = new();
    private readonly ManualTimeProvider _time = new();
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

    [TestCase(408)]
    [TestCase(425)]
    [TestCase(429)]
    [TestCase(500)]
    [TestCase(503)]
    [TestCase(302)]
    public async Task A_failure_is_tried_again_with_the_same_ids(int status)
    {
        var seen = new List<string>();
        _langfuse.Answer = export =>
        {
            seen.Add(export.Spans.Single().SpanId);
            return Task.FromResult(seen.Count == 1 ? new FakeAnswer(status, "<html>", TimeSpan.FromSeconds(3)) : FakeAnswer.Ok);
        };
        using var log = await StartAsync();
        var record = Some.Record();

        await log.RecordAsync(_blue.Target, record);
        await _time.WaitForTimerAsync(TimeSpan.FromSeconds(3));
        _time.Advance(TimeSpan.FromSeconds(3));

        await _langfuse.WaitForSpansAsync(_blue.PublicKey, 1);
        await _database.WaitForCountAsync("outbox", 0);
        seen.Should().Equal(record.SpanId, record.SpanId);
        await log.StopAsync();
    }

    [Test]
    public async Task Nothing_is_sent_before_the_time_that_Retry_After_names()
    {
        _langfuse.Answer = FailOnce(new FakeAnswer(429, RetryAfter: TimeSpan.FromSeconds(7)));
        using var log = await StartAsync();

        await log.RecordAsync(_blue.Target, Some.Record());
        await _time.WaitForTimerAsync(TimeSpan.FromSeconds(7));
        _time.Advance(TimeSpan.FromSeconds(6.9));
        await _time.WaitForTimerAsync(TimeSpan.FromSeconds(0.1));
        _blue.Requests.Should().Be(1);
        _time.Advance(TimeSpan.FromSeconds(0.1));

        (await _langfuse.WaitForSpansAsync(_blue.PublicKey, 1)).Should().ContainSingle();
        await log.StopAsync();
    }

    [Test]
    public async Task A_target_that_is_not_there_is_waited_for()
    {
        var port = _langfuse.Address.Port;
        await _langfuse.DisposeAsync();
        using var log = await TestLog.StartAsync(_database, _protection);
        var target = _blue.Target;
        await log.RecordAsync(target, Some.Record());

        _langfuse = await FakeLangfuse.StartAsync(port);
        var again = _langfuse.AddProject("blue", target.SecretKey);

        (await _langfuse.WaitForSpansAsync(again.PublicKey, 1)).Should().ContainSingle();
        await log.StopAsync();
    }

    [Test]
    public async Task A_request_that_hangs_is_given_up_and_repeated()
    {
        var calls = 0;
        _langfuse.Answer = async export =>
        {
            if (Interlocked.Increment(ref calls) == 1) await Task.Delay(Timeout.Infinite, export.Aborted);
            return FakeAnswer.Ok;
        };
        using var log = await StartAsync();

        await log.RecordAsync(_blue.Target, Some.Record());
        await _langfuse.WaitForRequestsAsync(_blue.PublicKey, 1);
        _time.Advance(TimeSpan.FromSeconds(30));
        await _time.WaitForTimerAsync(due => due <= TimeSpan.FromSeconds(5));
        _time.Advance(TimeSpan.FromSeconds(5));

        (await _langfuse.WaitForSpansAsync(_blue.PublicKey, 1)).Should().ContainSingle();
        await log.StopAsync();
    }

    [TestCase(401)]
    [TestCase(403)]
    [TestCase(404)]
    public async Task A_target_in_need_of_repair_keeps_its_records_and_delays_no_other(int status)
    {
        var isRepaired = false;
        _langfuse.Answer = export => Task.FromResult(export.Project == _blue && !isRepaired ? new FakeAnswer(status) : FakeAnswer.Ok);
        using var log = await StartAsync();

        await log.RecordAsync(_blue.Target, Some.Record());
        await _time.WaitForTimerAsync(TimeSpan.FromSeconds(60));
        await log.RecordAsync(_green.Target, Some.Record());
        await _langfuse.WaitForSpansAsync(_green.PublicKey, 1);
        await _database.WaitForCountAsync("outbox", 1);

        _time.Advance(TimeSpan.FromSeconds(60));
        await _time.WaitForTimerAsync(TimeSpan.FromSeconds(60));
        isRepaired = true;
        _time.Advance(TimeSpan.FromSeconds(60));

        await _langfuse.WaitForSpansAsync(_blue.PublicKey, 1);
        log.Lines.Should().ContainSingle(line => line.Level == LogLevel.Warning);
        await log.StopAsync();
    }

    [Test]
    public async Task A_target_that_hangs_delays_no_other()
    {
        using var release = new CancellationTokenSource();
        _langfuse.Answer = async export =>
        {
            if (export.Project == _blue) await Task.Delay(Timeout.Infinite, release.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return FakeAnswer.Ok;
        };
        using var log = await StartAsync();

        await log.RecordAsync(_blue.Target, Some.Record());
        await _langfuse.WaitForRequestsAsync(_blue.PublicKey, 1);
        await log.RecordAsync(_green.Target, Some.Record());

        await _langfuse.WaitForSpansAsync(_green.PublicKey, 1);
        _blue.Spans.Should().BeEmpty();
        await release.CancelAsync();
        await _langfuse.WaitForSpansAsync(_blue.PublicKey, 1);
        await log.StopAsync();
    }

    [Test]
    public async Task A_request_that_is_too_large_is_halved_until_it_fits()
    {
        _langfuse.Answer = static export => Task.FromResult(export.Spans.Count > 2 ? new FakeAnswer(413, "Body exceeded 4.5mb limit") : FakeAnswer.Ok);
        using var log = await StartAsync();

        await log.RecordAsync(_blue.Target, [.. Enumerable.Range(0, 9).Select(i => Some.Record($"{i}"))]);

        var spans = await _langfuse.WaitForSpansAsync(_blue.PublicKey, 9);
        await log.StopAsync();
        spans.Select(span => span.Name).Should().Equal(Enumerable.Range(0, 9).Select(i => $"{i}"));
        (_blue.TotalDeliveries, await _database.CountAsync("dead_letter")).Should().Be((9L, 0L));
    }

    [TestCase(400)]
    [TestCase(413)]
    public async Task A_record_that_is_refused_alone_becomes_a_dead_letter_and_blocks_no_other(int status)
    {
        _langfuse.Answer = export => Task.FromResult(
            export.Spans.Any(span => span.Name == "poison") ? new FakeAnswer(status, "I do not like it") : FakeAnswer.Ok);
        using var log = await StartAsync();

        await log.RecordAsync(
            _blue.Target, [.. Enumerable.Range(0, 10).Select(i => Some.Record(i == 6 ? "poison" : $"{i}"))]);

        await _langfuse.WaitForSpansAsync(_blue.PublicKey, 9);
        await _database.WaitForCountAsync("outbox", 0);
        (_blue.TotalDeliveries, await _database.CountAsync("dead_letter where answer like '%I do not like it'")).Should().Be((9L, 1L));
        await log.StopAsync();
    }

    [Test]
    public async Task A_target_that_refuses_the_form_of_all_records_makes_no_dead_letters()
    {
        _langfuse.TakesProtobuf = false;
        using var log = await StartAsync();

        await log.RecordAsync(_blue.Target, Some.Record(), Some.Record());
        await _time.WaitForTimerAsync(TimeSpan.FromSeconds(60));
        _langfuse.TakesProtobuf = true;
        _time.Advance(TimeSpan.FromSeconds(60));

        await _langfuse.WaitForSpansAsync(_blue.PublicKey, 2);
        (await _database.CountAsync("dead_letter")).Should().Be(0);
        await log.StopAsync();
    }

    [Test]
    public async Task A_target_that_refuses_whatever_is_sent_makes_no_dead_letters()
    {
        var isRepaired = false;
        _langfuse.Answer = _ => Task.FromResult(isRepaired ? FakeAnswer.Ok : new FakeAnswer(400, "<html>No gzip here.</html>"));
        using var log = await StartAsync();

        await log.RecordAsync(_blue.Target, Some.Record(), Some.Record());
        await _time.WaitForTimerAsync(TimeSpan.FromSeconds(60));
        isRepaired = true;
        _time.Advance(TimeSpan.FromSeconds(60));

        await _langfuse.WaitForSpansAsync(_blue.PublicKey, 2);
        (await _database.CountAsync("dead_letter")).Should().Be(0);
        await log.StopAsync();
    }

    [Test]
    public async Task A_row_that_nobody_can_read_becomes_a_dead_letter()
    {
        using (var before = await StartAsync())
        {
            var broken = before.Log.Prepare(Some.Record("broken"), [_blue.Target]);
            MemoryMarshal.AsMemory(broken.BodyOf(broken.Parts[0])).Span.Fill((byte)'!');
            await before.CommitAsync(before.Log.Prepare(Some.Record("first"), [_blue.Target]), broken);
            await before.StopAsync();
        }

        using var log = await StartAsync();
        await log.RecordAsync(_blue.Target, Some.Record("last"));

        (await _langfuse.WaitForSpansAsync(_blue.PublicKey, 2)).Select(span => span.Name).Should().Equal("first", "last");
        await _database.WaitForCountAsync("outbox", 0);
        (await _database.CountAsync("dead_letter")).Should().Be(1);
        await log.StopAsync();
    }

    [Test]
    public async Task Rows_that_could_not_be_removed_are_not_sent_again()
    {
        using var log = await StartAsync();
        var entry = log.Log.Prepare(Some.Record(), [_blue.Target]);
        await log.CommitAsync(entry);
        var failures = 2;
        _database.BeforeWrite = () =>
        {
            if (failures-- > 0) throw new IOException("The disk is full.");
        };

        log.Log.Committed(entry);
        for (var i = 0; i < 2; i++)
        {
            await _time.WaitForTimerAsync(due => due <= TimeSpan.FromSeconds(10));
            _time.Advance(TimeSpan.FromSeconds(10));
        }

        await _database.WaitForCountAsync("outbox", 0);
        _blue.TotalDeliveries.Should().Be(1);
        await log.StopAsync();
    }

    [Test]
    public async Task The_books_name_what_became_of_each_record()
    {
        using var log = await StartAsync();
        _langfuse.Answer = export => Task.FromResult(
            export.Project == _green ? new FakeAnswer(403) : new FakeAnswer(export.Spans.Any(span => span.Name == "poison") ? 400 : 200));

        await log.RecordAsync(_blue.Target, Some.Record(), Some.Record("poison"), Some.Record());
        await log.RecordAsync(_green.Target, Some.Record(), Some.Record());
        await _database.WaitForCountAsync("outbox", 2);
        await _time.WaitForTimerAsync(TimeSpan.FromSeconds(60));
        await log.StopAsync();

        log.Books.Read().Should().Contain(new Dictionary<string, long>
        {
            ["accepted"] = 5,
            ["delivered"] = 2,
            ["dead_lettered"] = 1,
            ["retried"] = 1,
            ["waiting"] = 2,
        });
    }

    private static Func<FakeExport, Task<FakeAnswer>> FailOnce(FakeAnswer failure)
    {
        var calls = 0;
        return _ => Task.FromResult(Interlocked.Increment(ref calls) == 1 ? failure : FakeAnswer.Ok);
    }

    private Task<TestLog> StartAsync() => TestLog.StartAsync(_database, _protection, _time);
}
