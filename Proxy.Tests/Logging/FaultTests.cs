using FluentAssertions;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Logging;
using NUnit.Framework;
using Proxy.Logging;
using Proxy.Logging.Outbox;
using Proxy.Logging.Records;
using Proxy.Logging.Shipping;
using Proxy.Tests.Databases;

namespace Proxy.Tests.Logging;

[OnEachEngine]
public sealed class FaultTests : IDisposable
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

    [Test]
    public async Task A_429_of_one_project_pauses_all_projects_of_its_host()
    {
        var calls = 0;
        _langfuse.Answer = _ => Task.FromResult(Interlocked.Increment(ref calls) == 1 ? new FakeAnswer(429, RetryAfter: TimeSpan.FromSeconds(45)) : FakeAnswer.Ok);
        using var log = await StartAsync();

        await log.RecordAsync(_blue.Target, Some.Record());
        await _time.WaitForTimerAsync(TimeSpan.FromSeconds(45));
        _time.Advance(TimeSpan.FromSeconds(7));
        await log.RecordAsync(_green.Target, Some.Record());
        await Eventually.BecomesAsync(
            () => log.Operations.ListTargetsAsync(CancellationToken.None), targets => targets.Any(target => target.Name == _green.PublicKey && target.State == "retrying"));
        _green.Requests.Should().Be(0);
        await _time.WaitForTimersAsync(TimeSpan.FromSeconds(38), 2);
        _time.Advance(TimeSpan.FromSeconds(38));

        await _langfuse.WaitForSpansAsync(_blue.PublicKey, 1);
        await _langfuse.WaitForSpansAsync(_green.PublicKey, 1);
        await log.StopAsync();
    }

    [Test]
    public async Task A_record_that_is_too_large_loses_its_middle_and_says_so()
    {
        _langfuse.Answer = export => Task.FromResult(
            export.Spans.Any(span => span["langfuse.observation.input"]?.Length > 20_000) ? new FakeAnswer(413, "Body exceeded 4.5mb limit") : FakeAnswer.Ok);
        using var log = await StartAsync();
        var large = Some.Record("large") with { Input = Some.Json($"\"{new string('x', 99_000)} \"") };

        await log.RecordAsync(_blue.Target, Some.Record("before"), large, Some.Record("after"));

        var spans = await _langfuse.WaitForSpansAsync(_blue.PublicKey, 3);
        await log.StopAsync();
        spans.Select(span => span.Name).Should().Equal("before", "large", "after");
        spans[1]["langfuse.observation.metadata.truncated"].Should().Be("true");
        spans[1]["langfuse.observation.metadata.original_bytes"].Should().Be("99003");
        spans[2]["langfuse.observation.input"].Should().Contain("hi");
        log.Books.Read()["truncated"].Should().Be(1);
    }

    [Test]
    public async Task What_an_owner_no_longer_wants_leaves_the_outbox_and_the_hands_of_the_sender()
    {
        _langfuse.Answer = static _ => Task.FromResult(new FakeAnswer(500));
        using var log = await StartAsync();
        await RecordAsync(log, "red", "red secret");
        await RecordAsync(log, "grey", "grey");
        await _langfuse.WaitForRequestsAsync(_blue.PublicKey, 1);
        await _time.WaitForTimerAsync(due => due <= TimeSpan.FromSeconds(2));

        var purged = await log.Operations.PurgeOwnerAsync("red", CancellationToken.None);
        _langfuse.Answer = static _ => Task.FromResult(FakeAnswer.Ok);
        log.Operations.Hurry();

        var spans = await _langfuse.WaitForSpansAsync(_blue.PublicKey, 1);
        await log.StopAsync();
        (purged, log.Books.Read()["purged"]).Should().Be((1, 1L));
        spans.Select(span => span.Name).Should().Equal("grey");
        (await _database.CountAsync("outbox")).Should().Be(0);
    }

    [Test]
    public async Task A_call_that_was_withdrawn_before_its_commit_is_not_there()
    {
        using var log = await StartAsync();
        var entry = log.Log.Prepare(Some.Record(), [_blue.Target]);

        entry.Withdraw();
        log.Log.Committed(entry);
        await log.StopAsync();

        log.Books.Read().Should().NotContainKey("accepted");
    }

    [Test]
    public async Task Dead_letters_can_be_sent_again_once_the_target_takes_them()
    {
        _langfuse.Answer = static export => Task.FromResult(new FakeAnswer(export.Spans.Any(span => span.Name == "poison") ? 400 : 200, "no"));
        using var log = await StartAsync();
        await log.RecordAsync(_blue.Target, Some.Record("poison"));
        await _database.WaitForCountAsync("dead_letter", 1);
        var letters = await log.Operations.ListDeadLettersAsync(0, 10, CancellationToken.None);
        _langfuse.Answer = static _ => Task.FromResult(FakeAnswer.Ok);

        var revived = await log.Operations.RetryAsync(letters.Single().Id, null, also: null, CancellationToken.None);

        (await _langfuse.WaitForSpansAsync(_blue.PublicKey, 1)).Single().Name.Should().Be("poison");
        await log.StopAsync();
        (revived, letters.Single().Answer).Should().Be((1, "400 no"));
        log.Books.Read().Should().Contain("revived", 1);
    }

    [Test]
    public async Task Dead_letters_can_be_thrown_away_and_are_counted()
    {
        _langfuse.Answer = static export => Task.FromResult(new FakeAnswer(export.Spans.Count > 0 ? 400 : 200, "no"));
        using var log = await StartAsync();
        await log.RecordAsync(_blue.Target, Some.Record(), Some.Record());
        await _database.WaitForCountAsync("dead_letter", 2);

        var purged = await log.Operations.PurgeAsync(null, null, also: null, CancellationToken.None);

        await log.StopAsync();
        (purged, await _database.CountAsync("dead_letter"), log.Books.Read()["purged"]).Should().Be((2, 0L, 2L));
    }

    [Test]
    public async Task Records_that_are_too_old_are_dropped_and_counted_and_said()
    {
        _langfuse.Answer = static _ => Task.FromResult(new FakeAnswer(401));
        using var log = await StartAsync(options => options.MaxAge = TimeSpan.FromDays(1));
        await log.RecordAsync(_blue.Target, Some.Record());
        await _time.WaitForTimerAsync(TimeSpan.FromSeconds(60));

        _time.Advance(TimeSpan.FromDays(1) + TimeSpan.FromSeconds(1));
        await log.Get<OutboxJanitor>().LookAsync(CancellationToken.None);

        await log.StopAsync();
        log.Books.Read().Should().Contain("dropped", 1);
        log.Lines.Should().Contain(line => line.Level == LogLevel.Error && line.Text.Contains("older than"));
    }

    [Test]
    public async Task At_nine_tenths_of_the_disk_bodies_are_shed_and_at_all_of_it_the_oldest_go()
    {
        _langfuse.Answer = static _ => Task.FromResult(new FakeAnswer(401));
        using var log = await StartAsync(options => options.MaxOutboxBytes = 100_000);
        var large = Some.Record() with { Input = Some.Json($"\"{new string('x', 89_000)} \"") };

        await log.RecordAsync(_blue.Target, large);
        log.Log.Pressure.Should().Be(OutboxPressure.None);
        await log.RecordAsync(_blue.Target, Some.Record() with { Output = Some.Json($"\"{new string('y', 9_000)} \"") });
        log.Log.Pressure.Should().Be(OutboxPressure.High);
        await log.RecordAsync(_blue.Target, Some.Record("small"));
        while (log.Log.Pressure != OutboxPressure.Full) await log.RecordAsync(_blue.Target, Some.Record("small"));
        await log.RecordAsync(_blue.Target, Some.Record("last"));
        await log.Get<OutboxJanitor>().LookAsync(CancellationToken.None);

        log.Log.Pressure.Should().Be(OutboxPressure.None, "the large one has gone");
        await log.StopAsync();
        log.Books.Read().Should().ContainKey("shed").And.ContainKey("dropped").WhoseValue.Should().BeInRange(1, _database.Journal is null ? 1 : 256, "in files what stands together goes together");
        (await _database.BodiesAsync()).Should().Contain(body => body.Contains("bodies_shed") && !body.Contains("hello"));
    }

    [TestCase(LimitPolicy.DropOldest, 1L)]
    [TestCase(LimitPolicy.RefuseCalls, 2L)]
    public async Task A_team_can_choose_what_happens_at_the_limit(LimitPolicy policy, long left)
    {
        _langfuse.Answer = static _ => Task.FromResult(new FakeAnswer(401));
        using var log = await StartAsync(options => options.MaxOutboxBytes = 100_000);
        var large = Some.Record() with { Input = Some.Json($"\"{new string('x', 110_000)} \"") };

        await RecordAsync(log, "red", "first", large, policy);
        await RecordAsync(log, "red", "second", large, policy);

        await log.MoveToBacklogAsync();
        (await _database.BodiesAsync()).Count(body => !body.Contains("shed")).Should().Be((int)left);
        await log.StopAsync();
    }

    [Test]
    public async Task Another_owners_records_do_not_go_for_those_of_one_who_drops_its_oldest()
    {
        _langfuse.Answer = static _ => Task.FromResult(new FakeAnswer(401));
        using var log = await StartAsync(options => options.MaxOutboxBytes = 100_000);
        var large = Some.Record() with { Input = Some.Json($"\"{new string('x', 110_000)} \"") };

        await RecordAsync(log, "grey", "kept", large, LimitPolicy.DropOldest);
        await RecordAsync(log, "red", "second", large, LimitPolicy.DropOldest);

        (await _database.CountOwnedAsync("grey")).Should().Be(1);
        await log.StopAsync();
    }

    [Test]
    public async Task Targets_are_listed_with_what_is_wrong_with_them()
    {
        _langfuse.Answer = export => Task.FromResult(export.Project == _blue ? new FakeAnswer(401) : FakeAnswer.Ok);
        using var log = await StartAsync();
        await log.RecordAsync(_blue.Target, Some.Record());
        await log.RecordAsync(_green.Target, Some.Record());
        await _time.WaitForTimerAsync(TimeSpan.FromSeconds(60));
        await _database.WaitForCountAsync("outbox", 1);

        var targets = (await log.Operations.ListTargetsAsync(CancellationToken.None)).ToDictionary(target => target.Name);

        (targets[_blue.PublicKey].State, targets[_blue.PublicKey].Waiting, targets[_blue.PublicKey].LastError).Should().Be(("parked", 1L, "401"));
        (targets[_green.PublicKey].State, targets[_green.PublicKey].Waiting).Should().Be(("idle", 0L));
        targets[_blue.PublicKey].Oldest.Should().Be(_time.GetUtcNow());
        await log.StopAsync();
    }

    [TestCase(200, true)]
    [TestCase(401, false)]
    public async Task A_test_sends_a_record_by_the_real_way(int status, bool isHealthy)
    {
        _langfuse.Answer = _ => Task.FromResult(new FakeAnswer(status));
        using var log = await StartAsync();

        var result = await log.Operations.TestAsync(_blue.Target, CancellationToken.None);

        result.IsHealthy.Should().Be(isHealthy);
        if (isHealthy) result.Details.Should().Contain("project 'blue'");
        else result.Details.Should().Contain("401").And.NotContain(_blue.Target.SecretKey);
        await log.StopAsync();
    }

    private static async Task RecordAsync(TestLog log, FakeProject project, string owner, CompletionRecord record, LimitPolicy? policy)
    {
        var entry = log.Log.Prepare(record, [new LogRoute(project.Target)], owner, policy);
        await log.CommitAsync(entry);
        log.Log.Committed(entry);
    }

    private Task RecordAsync(TestLog log, string owner, string name, CompletionRecord? record = null, LimitPolicy? policy = null) =>
        RecordAsync(log, _blue, owner, (record ?? Some.Record()) with { Name = name }, policy);

    private Task<TestLog> StartAsync(Action<CompletionLogOptions>? configure = null) => TestLog.StartAsync(_database, _protection, _time, configure);
}
