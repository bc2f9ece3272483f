using System.Net.Http.Json;
using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Tests.Logging;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Gateway;

/// <summary>Every field by which a client steers its trace, in the body, in a header, and in a header as nginx lets it through.</summary>
[FixtureLifeCycle(LifeCycle.SingleInstance)]
internal sealed class TraceFieldTests
{
    private const string Model = "gpt-4o-mini";
    private const string Trace = "0af7651916cd43dd8448eb211c80319c";
    private const string Observation = "b7ad6b7169203331";

    private FakeLangfuse _langfuse = null!;
    private FakeProvider _provider = null!;
    private TestGateway _gateway = null!;
    private FakeProject _project = null!;
    private string _key = null!;
    private int _calls;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _langfuse = await FakeLangfuse.StartAsync();
        _provider = await FakeProvider.StartAsync();
        _provider.Answer = (context, _) => FakeProvider.Json(context, OpenAiBodies.Chat("the answer"));
        _gateway = await TestGateway.StartAsync(TestClusters.At(_provider.Address, Model));
        _project = _langfuse.AddProject("red");
        var team = await _gateway.CreateTeamAsync();
        await _gateway.LogToAsync(team, _project.Target);
        _key = await _gateway.CreateKeyAsync(new() { ["team_id"] = team, ["key_alias"] = "ci" });
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        await _gateway.DisposeAsync();
        await _provider.DisposeAsync();
        await _langfuse.DisposeAsync();
    }

    [TestCase("trace_id", $"\"{Trace}\"", "trace", Trace)]
    [TestCase("existing_trace_id", $"\"{Trace}\"", "trace", Trace)]
    [TestCase("existing_trace_id", $"\"{Trace}\"", "langfuse.trace.name", null)]
    [TestCase("trace_name", "\"nightly\"", "langfuse.trace.name", "nightly")]
    [TestCase("session_id", "\"s-1\"", "langfuse.session.id", "s-1")]
    [TestCase("trace_user_id", "\"u-1\"", "langfuse.user.id", "u-1")]
    [TestCase("trace_version", "\"v2\"", "langfuse.version", "v2")]
    [TestCase("version", "\"v3\"", "langfuse.version", "v3")]
    [TestCase("trace_release", "\"2026.11\"", "langfuse.release", "2026.11")]
    [TestCase("trace_metadata", "{\"build\":7}", "langfuse.trace.metadata.build", "7")]
    [TestCase("trace_branch", "\"main\"", "langfuse.trace.metadata.branch", "main")]
    [TestCase("tags", "[\"a\",\"b\"]", "tags", "a,b")]
    [TestCase("generation_name", "\"summary\"", "name", "summary")]
    [TestCase("generation_id", $"\"{Observation}\"", "span", Observation)]
    [TestCase("parent_observation_id", $"\"{Observation}\"", "parent", Observation)]
    [TestCase("prompt", "{\"name\":\"greeting\",\"version\":3}", "langfuse.observation.prompt.name", "greeting")]
    [TestCase("mask_input", "true", "langfuse.observation.input", "redacted-by-litellm")]
    [TestCase("mask_output", "true", "langfuse.observation.output", "redacted-by-litellm")]
    [TestCase("feature", "\"sums\"", "langfuse.observation.metadata.feature", "sums")]
    public async Task A_client_says(string field, string json, string where, string? expected)
    {
        var inBody = await AskAsync(new JsonObject { [field] = JsonNode.Parse(json) });
        var inHeader = await AskAsync([], ($"langfuse_{field}", HeaderOf(json)));
        var withHyphens = await AskAsync([], ($"langfuse-{field.Replace('_', '-')}", HeaderOf(json)));

        (Show(inBody, where), Show(inHeader, where), Show(withHyphens, where)).Should().Be((expected, expected, expected));
    }

    [TestCase("trace_name", "langfuse.trace.name", "other")]
    [TestCase("trace_user_id", "langfuse.user.id", "u")]
    [TestCase("session_id", "langfuse.session.id", "s")]
    [TestCase("tags", "tags", "t")]
    [TestCase("trace_metadata", "langfuse.trace.metadata.build", "7")]
    [TestCase("output", "langfuse.trace.output", "the answer")]
    public async Task An_existing_trace_changes_in_what_is_listed_and_in_nothing_else(string listed, string where, string expected)
    {
        var span = await AskAsync(new JsonObject
        {
            ["existing_trace_id"] = Trace,
            ["trace_name"] = "other",
            ["trace_user_id"] = "u",
            ["session_id"] = "s",
            ["tags"] = new JsonArray("t"),
            ["trace_metadata"] = new JsonObject { ["build"] = 7 },
            ["update_trace_keys"] = new JsonArray(listed),
        });

        Show(span, where).Should().Contain(expected);
        string[] all = ["langfuse.trace.name", "langfuse.user.id", "langfuse.session.id", "tags", "langfuse.trace.metadata.build", "langfuse.trace.output", "langfuse.trace.input"];
        all.Where(key => key != where && Show(span, key) is { Length: > 0 }).Should().BeEmpty();
    }

    [Test]
    public async Task Without_a_word_of_the_client_names_are_those_that_users_know()
    {
        var span = await AskAsync([]);

        (span.Name, span["langfuse.trace.name"], span.ParentSpanId).Should().Be(("litellm:ci", "litellm-acompletion", null));
    }

    [Test]
    public async Task Debugging_puts_the_clients_metadata_on_the_trace()
    {
        var span = await AskAsync(new JsonObject { ["debug_langfuse"] = true, ["feature"] = "sums" });

        span.Json("langfuse.trace.metadata.metadata_passed_to_litellm").GetProperty("feature").GetString().Should().Be("sums");
    }

    private static string HeaderOf(string json) => json.StartsWith('"') ? json.Trim('"') : json;

    private static string? Show(FakeSpan span, string where) => where switch
    {
        "trace" => span.TraceId,
        "span" => span.SpanId,
        "parent" => span.ParentSpanId,
        "name" => span.Name,
        "tags" => string.Join(',', span.List("langfuse.trace.tags")),
        _ => span[where],
    };

    /// <remarks>Calls with one generation id are one span to Langfuse, so a deliverer of the fake is asked by the question.</remarks>
    private async Task<FakeSpan> AskAsync(JsonObject metadata, params (string Name, string Value)[] headers)
    {
        var seen = new TaskCompletionSource<FakeSpan>(TaskCreationOptions.RunContinuationsAsynchronously);
        var question = $"question {Interlocked.Increment(ref _calls)}.";
        _langfuse.Answer = export =>
        {
            foreach (var span in export.Spans) seen.TrySetResult(span);
            return Task.FromResult(FakeAnswer.Ok);
        };
        using var client = _gateway.With(_key);
        foreach (var (name, value) in headers) client.DefaultRequestHeaders.Add(name, value);
        var body = new JsonObject
        {
            ["model"] = Model,
            ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = question }),
            ["metadata"] = metadata,
        };
        using var response = await client.PostAsJsonAsync("/v1/chat/completions", body);
        response.IsSuccessStatusCode.Should().BeTrue();
        return await seen.Task.WaitAsync(TimeSpan.FromSeconds(20));
    }
}
