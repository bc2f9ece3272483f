using System.Text;
using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Tests.Logging;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Gateway;

/// <summary>What calls of each kind look like in Langfuse: input and output as it renders them, pictures and sounds as a note, attempts as children.</summary>
[FixtureLifeCycle(LifeCycle.SingleInstance)]
internal sealed class LogRenderingTests
{
    private static readonly string Picture = Convert.ToBase64String(Enumerable.Range(0, 900).Select(value => (byte)(value * 7)).ToArray());

    private FakeLangfuse _langfuse = null!;
    private FakeProvider _provider = null!;
    private TestGateway _gateway = null!;
    private FakeProject _project = null!;
    private string _key = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _langfuse = await FakeLangfuse.StartAsync();
        _provider = await FakeProvider.StartAsync();
        _gateway = await TestGateway.StartAsync(new JsonObject
        {
            ["gpt-4o-mini"] = TestClusters.Cluster($"{_provider.Address}v1"),
            ["claude"] = TestClusters.Cluster($"{_provider.Address}v1", new JsonObject { ["Provider"] = "anthropic", ["ApiKey"] = TestClusters.FakeProviderKey }),
        });
        _project = _langfuse.AddProject("red");
        _key = await TeamKeyAsync([]);
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        await _gateway.DisposeAsync();
        await _provider.DisposeAsync();
        await _langfuse.DisposeAsync();
    }

    [Test]
    public async Task Tools_stand_beside_the_messages_and_their_calls_in_the_answer()
    {
        var span = await AskAsync(
            "/v1/chat/completions",
            """{"model":"gpt-4o-mini","messages":[{"role":"user","content":"Weather?"},{"role":"tool","tool_call_id":"c","content":"rain"}],"tools":[{"type":"function","function":{"name":"weather"}}],"temperature":0}""",
            OpenAiBodies.ToolCall("weather", """{"city":"Rom"}"""));

        var input = span.Json("langfuse.observation.input");
        input.GetProperty("messages").GetArrayLength().Should().Be(2);
        input.GetProperty("tools")[0].GetProperty("function").GetProperty("name").GetString().Should().Be("weather");
        span.Json("langfuse.observation.output").GetProperty("tool_calls")[0].GetProperty("function").GetProperty("arguments").GetString().Should().Be("""{"city":"Rom"}""");
    }

    [Test]
    public async Task Streamed_tool_calls_are_put_together()
    {
        string[] chunks =
        [
            OpenAiBodies.Chunk("""{"role":"assistant","tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"weather","arguments":""}}]}""", finish: null),
            OpenAiBodies.Chunk("""{"tool_calls":[{"index":0,"function":{"arguments":"{\"city\":"}}]}""", finish: null),
            OpenAiBodies.Chunk("""{"tool_calls":[{"index":0,"function":{"arguments":"\"Rom\"}"}}]}""", finish: null),
            OpenAiBodies.Chunk("{}", "tool_calls"), OpenAiBodies.UsageChunk(), OpenAiBodies.Done,
        ];
        var span = await AskAsync(
            "/v1/chat/completions", """{"model":"gpt-4o-mini","stream":true,"messages":[{"role":"user","content":"Weather?"}]}""", (context, _) => FakeProvider.Stream(context, chunks));

        var call = span.Json("langfuse.observation.output").GetProperty("tool_calls")[0].GetProperty("function");
        (call.GetProperty("name").GetString(), call.GetProperty("arguments").GetString()).Should().Be(("weather", """{"city":"Rom"}"""));
    }

    [Test]
    public async Task An_old_function_call_is_in_the_answer()
    {
        var answer = $$"""{"model":"{{OpenAiBodies.Model}}","choices":[{"index":0,"message":{"role":"assistant","content":null,"function_call":{"name":"f","arguments":"{}"} },"finish_reason":"function_call"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2} }""";
        var span = await AskAsync("/v1/chat/completions", """{"model":"gpt-4o-mini","messages":[{"role":"user","content":"?"}],"functions":[{"name":"f"}]}""", answer);

        span.Json("langfuse.observation.input").GetProperty("functions")[0].GetProperty("name").GetString().Should().Be("f");
        span.Json("langfuse.observation.output").GetProperty("function_call").GetProperty("name").GetString().Should().Be("f");
    }

    [Test]
    public async Task Pictures_and_sounds_become_notes_of_type_size_and_hash()
    {
        var body = $$"""
            {"model":"gpt-4o-mini","messages":[{"role":"user","content":[
              {"type":"text","text":"What is this?"},
              {"type":"image_url","image_url":{"url":"data:image/png;base64,{{Picture}}"} },
              {"type":"input_audio","input_audio":{"data":"{{Picture}}","format":"wav"} }]}]}
            """;
        var answer = $$"""{"model":"{{OpenAiBodies.Model}}","choices":[{"index":0,"message":{"role":"assistant","content":null,"audio":{"id":"a","data":"{{Picture}}","transcript":"A cat."} },"finish_reason":"stop"}],"usage":{"prompt_tokens":60,"completion_tokens":50,"total_tokens":110,"prompt_tokens_details":{"audio_tokens":20},"completion_tokens_details":{"audio_tokens":40} } }""";
        var span = await AskAsync("/v1/chat/completions", body, answer);

        var hash = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Convert.FromBase64String(Picture)));
        span["langfuse.observation.input"].Should().Contain($"<image/png, 900 bytes, sha256 {hash}>").And.Contain($"<base64, 900 bytes, sha256 {hash}>").And.NotContain(Picture);
        span["langfuse.observation.output"].Should().Contain("A cat.").And.Contain(hash).And.NotContain(Picture);
        Sum(span).Should().Be((110, 110), "buckets add up");
    }

    [Test]
    public async Task A_picture_that_was_made_is_a_note_too()
    {
        var span = await AskAsync("/v1/images/generations", """{"model":"gpt-4o-mini","prompt":"A cat"}""", $$"""{"created":1,"data":[{"b64_json":"{{Picture}}"}]}""");

        span["langfuse.observation.input"].Should().Be("A cat");
        span["langfuse.observation.output"].Should().Contain("900 bytes, sha256").And.NotContain(Picture);
    }

    [Test]
    public async Task An_embedding_has_its_texts_and_no_numbers()
    {
        var span = await AskAsync("/v1/embeddings", """{"model":"gpt-4o-mini","input":["one","two"]}""", OpenAiBodies.Embedding(0.1f, 0.2f));

        (span["langfuse.observation.type"], span["langfuse.observation.output"]).Should().Be(("embedding", null));
        span.Json("langfuse.observation.input").GetArrayLength().Should().Be(2);
        span.Json("langfuse.observation.usage_details").GetProperty("total").GetInt64().Should().Be(8);
    }

    [Test]
    public async Task A_text_completion_is_its_text()
    {
        var span = await AskAsync("/v1/completions", """{"model":"gpt-4o-mini","prompt":"Say"}""", OpenAiBodies.Text("this \"is\" it"));

        (span["langfuse.observation.input"], span["langfuse.observation.output"]).Should().Be(("Say", "this \"is\" it"));
    }

    [Test]
    public async Task A_call_of_the_Messages_API_has_its_system_prompt_its_tools_and_the_blocks_of_its_answer()
    {
        const string Answer = """{"id":"msg_1","type":"message","role":"assistant","model":"claude-x","content":[{"type":"text","text":"Let me see."},{"type":"tool_use","id":"t","name":"weather","input":{"city":"Rom"}}],"stop_reason":"tool_use","usage":{"input_tokens":10,"cache_read_input_tokens":5,"cache_creation_input_tokens":3,"output_tokens":7}}""";
        var span = await AskAsync(
            "/v1/messages", """{"model":"claude","max_tokens":64,"system":"Be brief.","tools":[{"name":"weather","input_schema":{"type":"object"}}],"messages":[{"role":"user","content":"Hi"}]}""", Answer);

        var input = span.Json("langfuse.observation.input");
        (input.GetProperty("system").GetString(), input.GetProperty("tools")[0].GetProperty("name").GetString()).Should().Be(("Be brief.", "weather"));
        span.Json("langfuse.observation.output")[1].GetProperty("name").GetString().Should().Be("weather");
        Sum(span).Should().Be((25, 25));
    }

    [Test]
    public async Task A_translated_call_is_logged_as_its_client_spoke_and_as_the_provider_answered()
    {
        var span = await AskAsync(
            "/v1/messages", """{"model":"gpt-4o-mini","max_tokens":64,"system":"Be brief.","messages":[{"role":"user","content":"Hi"}]}""", OpenAiBodies.Chat("Hello!"));

        span.Json("langfuse.observation.input").GetProperty("system").GetString().Should().Be("Be brief.");
        span["langfuse.observation.output"].Should().Contain("Hello!");
        span["langfuse.observation.metadata.provider"].Should().Be("openai");
    }

    [Test]
    public async Task A_response_has_its_input_its_instructions_and_its_output_items()
    {
        var span = await AskAsync("/v1/responses", """{"model":"gpt-4o-mini","instructions":"Be brief.","input":"Hi"}""", ResponseBodies.Response("Hello!"));

        span.Json("langfuse.observation.input").GetProperty("instructions").GetString().Should().Be("Be brief.");
        span["langfuse.observation.output"].Should().Contain("Hello!");
    }

    [Test]
    public async Task Cached_and_reasoned_tokens_stand_apart_and_the_cost_has_its_total()
    {
        var answer = $$"""{"model":"{{OpenAiBodies.Model}}","choices":[{"index":0,"message":{"role":"assistant","content":"4"},"finish_reason":"stop"}],"usage":{"prompt_tokens":100,"completion_tokens":50,"total_tokens":150,"prompt_tokens_details":{"cached_tokens":30},"completion_tokens_details":{"reasoning_tokens":20} } }""";
        var span = await AskAsync("/v1/chat/completions", """{"model":"gpt-4o-mini","messages":[{"role":"user","content":"2+2?"}]}""", answer);

        var usage = span.Json("langfuse.observation.usage_details");
        (usage.GetProperty("input").GetInt64(), usage.GetProperty("input_cached_tokens").GetInt64(), usage.GetProperty("output").GetInt64(), usage.GetProperty("output_reasoning_tokens").GetInt64())
            .Should().Be((70, 30, 30, 20));
        var cost = span.Json("langfuse.observation.cost_details");
        cost.GetProperty("total").GetDecimal().Should().Be(cost.GetProperty("input").GetDecimal() + cost.GetProperty("output").GetDecimal()).And.BePositive();
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Each_attempt_is_a_child_where_the_team_asks_for_it(bool isAskedFor)
    {
        var key = await TeamKeyAsync(new JsonObject { ["log_attempts"] = isAskedFor });
        var calls = 0;
        var spans = await SpansAsync(key, "/v1/chat/completions", """{"model":"gpt-4o-mini","messages":[{"role":"user","content":"Hi"}],"metadata":{"session_id":"s-1"}}""", (context, _) =>
            Interlocked.Increment(ref calls) == 1
                ? FakeProvider.Json(context, OpenAiBodies.Error("The server is overloaded.", "server_error"), status: 503)
                : FakeProvider.Json(context, OpenAiBodies.Chat("Hello!")));

        var call = spans.Single(span => span.ParentSpanId is null);
        var attempts = spans.Where(span => span.ParentSpanId == call.SpanId).ToList();
        attempts.Select(attempt => (attempt.Name, attempt["langfuse.observation.level"], attempt["langfuse.observation.status_message"])).Should().Equal(isAskedFor
            ? [("gpt-4o-mini/first", "ERROR", "The server is overloaded."), ("gpt-4o-mini/first", "DEFAULT", null)]
            : []);
        attempts.All(attempt => attempt.TraceId == call.TraceId && attempt["langfuse.session.id"] == "s-1" && attempt["langfuse.observation.usage_details"] is null).Should().BeTrue();
        (attempts.Count + 1).Should().Be(spans.Count);
    }

    [TestCase("turn_off_message_logging", null)]
    [TestCase(null, "mask_input")]
    public async Task Hidden_attempts_say_that_they_failed_and_not_what_the_provider_said(string? setting, string? wish)
    {
        var metadata = new JsonObject { ["log_attempts"] = true };
        if (setting is not null) metadata[setting] = true;
        var key = await TeamKeyAsync(metadata);
        var wishes = wish is null ? "" : $"\"{wish}\":true";
        var calls = 0;
        var spans = await SpansAsync(key, "/v1/chat/completions", $$$"""{"model":"gpt-4o-mini","suffix":"canary","messages":[{"role":"user","content":"canary"}],"metadata":{{{{wishes}}}}}""", (context, _) =>
            Interlocked.Increment(ref calls) == 1
                ? FakeProvider.Json(context, OpenAiBodies.Error("I do not like 'canary'.", "server_error"), status: 503)
                : FakeProvider.Json(context, OpenAiBodies.Chat("Hello!")));

        spans.SelectMany(span => span.Keys.Select(name => span[name])).Should().NotContain(text => text != null && text.Contains("canary"));
        var attempts = spans.Where(span => span.ParentSpanId is not null).ToList();
        attempts.Select(attempt => (attempt["langfuse.observation.level"], attempt["langfuse.observation.status_message"], attempt["langfuse.observation.metadata.status"]))
            .Should().Equal(("ERROR", "redacted-by-litellm", "503"), ("DEFAULT", null, null));
        spans.Single(span => span.ParentSpanId is null)["langfuse.observation.metadata.attempt_1"].Should().EndWith("503: redacted-by-litellm");
    }

    private async Task<string> TeamKeyAsync(JsonObject metadata)
    {
        var team = await _gateway.CreateTeamAsync(new() { ["metadata"] = metadata });
        await _gateway.LogToAsync(team, _project.Target);
        return await _gateway.CreateKeyAsync(new() { ["team_id"] = team });
    }

    private static (long Total, long OfAll) Sum(FakeSpan span)
    {
        var usage = span.Json("langfuse.observation.usage_details");
        return (usage.GetProperty("total").GetInt64(), usage.EnumerateObject().Where(bucket => bucket.Name != "total").Sum(bucket => bucket.Value.GetInt64()));
    }

    private Task<FakeSpan> AskAsync(string path, string body, string answer) => AskAsync(path, body, (context, _) => FakeProvider.Json(context, answer));

    private async Task<FakeSpan> AskAsync(string path, string body, Func<Microsoft.AspNetCore.Http.HttpContext, ProviderCall, Task> answer) =>
        (await SpansAsync(_key, path, body, answer)).Single();

    private async Task<IReadOnlyList<FakeSpan>> SpansAsync(string key, string path, string body, Func<Microsoft.AspNetCore.Http.HttpContext, ProviderCall, Task> answer)
    {
        var seen = new TaskCompletionSource<IReadOnlyList<FakeSpan>>(TaskCreationOptions.RunContinuationsAsynchronously);
        _langfuse.Answer = export =>
        {
            seen.TrySetResult(export.Spans);
            return Task.FromResult(FakeAnswer.Ok);
        };
        _provider.Answer = answer;
        using var client = _gateway.With(key);
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await client.PostAsync(path, content);
        response.IsSuccessStatusCode.Should().BeTrue(await response.Content.ReadAsStringAsync());
        return await seen.Task.WaitAsync(TimeSpan.FromSeconds(20));
    }
}
