using System.Text.Json;
using FluentAssertions;
using Microsoft.AspNetCore.DataProtection;
using NUnit.Framework;
using Proxy.Logging.Records;
using Proxy.Tests.Databases;

namespace Proxy.Tests.Logging;

/// <summary>Langfuse 2, and 3 before 3.22: a batch of events, whose answer is read event by event.</summary>
[OnEachEngine]
public sealed class LegacyTransportTests : IDisposable
{
    private readonly TempOutboxDatabase _database = new();
    private readonly ManualTimeProvider _time = new();
    private FakeLangfuse _langfuse = null!;
    private FakeProject _blue = null!;

    [SetUp]
    public async Task StartLangfuse()
    {
        _langfuse = await FakeLangfuse.StartAsync();
        _langfuse.Version = "2.95.12";
        _blue = _langfuse.AddProject("blue");
    }

    [TearDown]
    public async Task StopLangfuse() => await _langfuse.DisposeAsync();

    public void Dispose() => _database.Dispose();

    [Test]
    public async Task A_server_of_old_gets_a_trace_and_a_generation_that_its_schema_takes()
    {
        using var log = await StartAsync();
        var record = Some.Record() with
        {
            UserId = "u",
            Tags = ["a"],
            Parameters = Some.Json("""{"temperature":0.5,"tools":[{"a":{"b":1}}]}"""),
            Usage = new(7, 3, 0, 5, 1),
            Cost = new(0.1m, 0.2m),
            Metadata = new Dictionary<string, string> { ["n"] = "7", ["broken"] = "<x>" },
        };

        await log.RecordAsync(_blue.Target, record);
        await _langfuse.WaitForEventsAsync(_blue.PublicKey, 2);

        await log.StopAsync();
        var trace = _blue.Events.Single(item => item.GetProperty("type").GetString() == "trace-create").GetProperty("body");
        var generation = _blue.Events.Single(item => item.GetProperty("type").GetString() == "generation-create").GetProperty("body");
        (trace.GetProperty("id").GetString(), trace.GetProperty("userId").GetString()).Should().Be((record.TraceId, "u"));
        (generation.GetProperty("id").GetString(), generation.GetProperty("traceId").GetString()).Should().Be((record.SpanId, record.TraceId));
        generation.GetProperty("modelParameters").ToString().Should().Be("""{"temperature":0.5,"tools":"[{\"a\":{\"b\":1}}]"}""");
        generation.GetProperty("usage").GetProperty("input").GetInt32().Should().Be(10);
        generation.GetProperty("costDetails").GetProperty("total").GetDecimal().Should().Be(0.3m);
        generation.GetProperty("metadata").GetProperty("broken").GetString().Should().Be("<x>");
        generation.GetProperty("input").ValueKind.Should().Be(JsonValueKind.Array);
    }

    [Test]
    public async Task One_refused_event_is_a_dead_letter_one_that_failed_comes_again_and_the_rest_is_delivered()
    {
        var failures = 1;
        _langfuse.EventAnswer = item => item.GetProperty("body").GetProperty("name").GetString() switch
        {
            "poison" => 400,
            "late" when failures-- > 0 => 500,
            _ => 201,
        };
        using var log = await StartAsync();

        await log.RecordAsync(_blue.Target, Some.Record("first"), Some.Record("poison"), Some.Record("late"));
        await _time.WaitForTimerAsync(TimeSpan.FromSeconds(10));
        (await _database.CountAsync("outbox"), await _database.CountAsync("dead_letter")).Should().Be((1, 1));
        _time.Advance(TimeSpan.FromSeconds(10));

        await _database.WaitForCountAsync("outbox", 0);
        await log.StopAsync();
        Generations().Should().BeEquivalentTo("first", "late");
    }

    [Test]
    public async Task A_server_that_was_replaced_by_a_new_one_gets_spans_and_nothing_is_lost()
    {
        using var log = await StartAsync();
        await log.RecordAsync(_blue.Target, Some.Record("old"));
        await _langfuse.WaitForEventsAsync(_blue.PublicKey, 2);

        _langfuse.Version = "4.16.0";
        await log.RecordAsync(_blue.Target, Some.Record("new"));

        (await _langfuse.WaitForSpansAsync(_blue.PublicKey, 1)).Single().Name.Should().Be("new");
        await _database.WaitForCountAsync("outbox", 0);
        await log.StopAsync();
        Generations().Should().Equal("old");
    }

    [Test]
    public async Task A_new_server_that_was_replaced_by_one_of_old_gets_events()
    {
        _langfuse.Version = "4.16.0";
        using var log = await StartAsync();
        await log.RecordAsync(_blue.Target, Some.Record("new"));
        await _langfuse.WaitForSpansAsync(_blue.PublicKey, 1);

        _langfuse.Version = "2.95.12";
        await log.RecordAsync(_blue.Target, Some.Record("old"));

        await _langfuse.WaitForEventsAsync(_blue.PublicKey, 2);
        await log.StopAsync();
        Generations().Should().Equal("old");
    }

    [Test]
    public async Task The_transport_can_be_forced()
    {
        _langfuse.Version = "3.100.0";
        using var log = await StartAsync();

        await log.RecordAsync(_blue.Target with { Options = LogTarget.OptionsOf([KeyValuePair.Create("transport", "legacy")]) }, Some.Record("forced"));

        await _langfuse.WaitForEventsAsync(_blue.PublicKey, 2);
        await log.StopAsync();
        Generations().Should().Equal("forced");
    }

    [TestCase("2.95.12", true)]
    [TestCase("3.21.9", true)]
    [TestCase("3.22.0", false)]
    [TestCase("v4.0.0-rc.1", false)]
    [TestCase("nobody knows", false)]
    public async Task The_version_chooses_the_transport(string version, bool isLegacy)
    {
        _langfuse.Version = version;
        using var log = await StartAsync();

        await log.RecordAsync(_blue.Target, Some.Record());
        if (isLegacy) await _langfuse.WaitForEventsAsync(_blue.PublicKey, 2);
        else await _langfuse.WaitForSpansAsync(_blue.PublicKey, 1);

        await log.StopAsync();
    }

    private IEnumerable<string?> Generations() => _blue.Events
        .Where(item => item.GetProperty("type").GetString() == "generation-create")
        .Select(item => item.GetProperty("body").GetProperty("name").GetString());

    private Task<TestLog> StartAsync() => TestLog.StartAsync(_database, new EphemeralDataProtectionProvider(), _time);
}
