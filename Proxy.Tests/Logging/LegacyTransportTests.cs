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
        var trace = Bodies("trace-create").Single();
        var generation = Bodies("generation-create").Single();
        (trace.GetProperty("id").GetString(), trace.GetProperty("userId").GetString()).Should().Be((record.TraceId, "u"));
        (generation.GetProperty("id").GetString(), generation.GetProperty("traceId").GetString()).Should().Be((record.SpanId, record.TraceId));
        generation.GetProperty("modelParameters").ToString().Should().Be("""{"temperature":0.5,"tools":"[{\"a\":{\"b\":1}}]"}""");
        generation.GetProperty("usage").GetProperty("input").GetInt32().Should().Be(10);
        generation.GetProperty("costDetails").GetProperty("total").GetDecimal().Should().Be(0.3m);
        generation.GetProperty("metadata").GetProperty("broken").GetString().Should().Be("<x>");
        generation.GetProperty("input").ValueKind.Should().Be(JsonValueKind.Array);
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Each_attempt_is_a_span_below_the_generation_where_it_is_asked_for(bool isAskedFor)
    {
        using var log = await StartAsync();
        var record = Some.Record() with { Attempts = Attempts, HasAttemptSpans = isAskedFor };

        await log.RecordAsync(_blue.Target with { Options = LogTarget.OptionsOf([new("environment", "Staging")]) }, record);
        await _langfuse.WaitForEventsAsync(_blue.PublicKey, isAskedFor ? 4 : 2);

        await log.StopAsync();
        var spans = Bodies("span-create").ToList();
        spans.Should().HaveCount(isAskedFor ? 2 : 0);
        spans.All(span => Text(span, "traceId") == record.TraceId && Text(span, "parentObservationId") == record.SpanId && Text(span, "environment") == "staging").Should().BeTrue();
        spans.Select(span => (Text(span, "id"), Text(span, "name"), Text(span, "level"), Text(span, "statusMessage"))).Should().Equal(isAskedFor
            ? [("a1a1a1a1a1a1a1a1", "gpt-4o/first", "ERROR", "The prompt 'hi' is bad."), ("b2b2b2b2b2b2b2b2", "gpt-4o/second", "DEFAULT", null)]
            : []);
        var facts = Bodies("generation-create").Single().GetProperty("metadata");
        (Text(facts, "attempt_1"), Text(facts, "attempt_2")).Should().Be(("gpt-4o/first, 200 ms, 503: The prompt 'hi' is bad.", "gpt-4o/second, 1200 ms"));
        _blue.Events.Select(item => Text(item, "id")).Should().OnlyHaveUniqueItems();
    }

    [Test]
    public async Task A_refused_attempt_is_a_refused_record()
    {
        _langfuse.EventAnswer = static item => Text(item, "type") == "span-create" ? 400 : 201;
        using var log = await StartAsync();

        await log.RecordAsync(_blue.Target, Some.Record("plain"), Some.Record("poison") with { Attempts = Attempts, HasAttemptSpans = true });

        await _database.WaitForCountAsync("dead_letter", 1);
        await _database.WaitForCountAsync("outbox", 0);
        await log.StopAsync();
    }

    [Test]
    public async Task What_is_hidden_stands_in_no_event()
    {
        using var log = await StartAsync();
        var record = Some.Record() with
        {
            Input = Some.Json("\"canary-in\""),
            Output = Some.Json("\"canary-out\""),
            StatusMessage = "canary-status",
            Parameters = Some.Json("""{"temperature":0.5,"suffix":"canary-suffix","prediction":{"content":"canary-prediction"},"service_tier":"flex"}"""),
            Attempts = [Attempts[0] with { Message = "canary-attempt" }, Attempts[1]],
            HasAttemptSpans = true,
        };

        var entry = log.Log.Prepare(record, [new LogRoute(_blue.Target, IsRedacted: true)], owner: null, policy: null);
        await log.CommitAsync(entry);
        log.Log.Committed(entry);
        await _langfuse.WaitForEventsAsync(_blue.PublicKey, 4);

        await log.StopAsync();
        string.Concat(_blue.Events.Select(item => item.GetRawText())).Should().NotContain("canary").And.Contain("redacted-by-litellm");
        Bodies("generation-create").Single().GetProperty("modelParameters").ToString()
            .Should().Be("""{"temperature":0.5,"suffix":"redacted-by-litellm","prediction":"redacted-by-litellm","service_tier":"flex"}""");
        Bodies("span-create").Select(span => Text(span, "statusMessage")).Should().Equal("redacted-by-litellm", null);
    }

    [Test]
    public async Task A_record_that_adds_to_a_trace_changes_what_is_listed_and_nothing_else()
    {
        using var log = await StartAsync();
        var added = Some.Record("added") with { IsAddedToTrace = true, TraceName = null, ParentSpanId = "b7ad6b7169203331", PromptName = "greeting", PromptVersion = 3 };

        await log.RecordAsync(_blue.Target, added, added with { Id = Guid.NewGuid(), Name = "listed", SessionId = "s-1", Release = "r", Version = "v", SetsTraceOutput = true });
        await _langfuse.WaitForEventsAsync(_blue.PublicKey, 3);

        await log.StopAsync();
        var trace = Bodies("trace-create").Single();
        (Text(trace, "id"), Text(trace, "sessionId"), Text(trace, "release"), Text(trace, "version")).Should().Be((added.TraceId, "s-1", "r", "v"));
        (trace.TryGetProperty("output", out _), trace.TryGetProperty("input", out _), trace.TryGetProperty("name", out _)).Should().Be((true, false, false));
        var generation = Bodies("generation-create").First();
        (Text(generation, "parentObservationId"), Text(generation, "promptName"), generation.GetProperty("promptVersion").GetInt32()).Should().Be(("b7ad6b7169203331", "greeting", 3));
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

    private static readonly CompletionAttempt[] Attempts =
    [
        new("a1a1a1a1a1a1a1a1", "gpt-4o/first", Some.Record().StartedAt, Some.Record().StartedAt.AddMilliseconds(200), "gpt-4o-2026", "openai", 503, "The prompt 'hi' is bad."),
        new("b2b2b2b2b2b2b2b2", "gpt-4o/second", Some.Record().StartedAt.AddMilliseconds(200), Some.Record().EndedAt, "gpt-4o-2026", "azure"),
    ];

    private IEnumerable<string?> Generations() => Bodies("generation-create").Select(body => Text(body, "name"));

    private IEnumerable<JsonElement> Bodies(string type) => _blue.Events.Where(item => Text(item, "type") == type).Select(item => item.GetProperty("body"));

    private static string? Text(JsonElement owner, string name) => owner.TryGetProperty(name, out var value) ? value.GetString() : null;

    private Task<TestLog> StartAsync() => TestLog.StartAsync(_database, new EphemeralDataProtectionProvider(), _time);
}
