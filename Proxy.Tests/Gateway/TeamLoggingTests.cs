using System.Net.Http.Json;
using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Tests.Logging;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Gateway;

/// <summary>Promise 3: a team's data goes to that team's project only.</summary>
internal sealed class TeamLoggingTests : GatewayFixture
{
    private FakeLangfuse _langfuse = null!;

    [SetUp]
    public async Task StartLangfuseAsync() => _langfuse = await FakeLangfuse.StartAsync();

    [TearDown]
    public async Task StopLangfuseAsync() => await _langfuse.DisposeAsync();

    [Test]
    public async Task Each_team_finds_its_own_calls_and_none_of_the_other_and_a_disabled_team_nothing()
    {
        var (red, redKey) = await TeamAsync("red");
        var (blue, blueKey) = await TeamAsync("blue");
        var (_, greyKey) = await TeamAsync("grey", isDisabled: true);
        using var none = Gateway.With(await Gateway.CreateKeyAsync());

        for (var call = 0; call < 5; call++)
        {
            await AskAsync(redKey, $"red question {call}");
            await AskAsync(blueKey, $"blue question {call}");
            await AskAsync(greyKey, $"grey question {call}");
        }

        var redSpans = await _langfuse.WaitForSpansAsync(red.PublicKey, 5);
        var blueSpans = await _langfuse.WaitForSpansAsync(blue.PublicKey, 5);
        (redSpans.Count, blueSpans.Count).Should().Be((5, 5));
        redSpans.Should().OnlyContain(span => span["langfuse.observation.input"]!.Contains("red question"));
        blueSpans.Should().OnlyContain(span => span["langfuse.observation.input"]!.Contains("blue question"));
        _langfuse.Faults.Should().BeEmpty();
        (await Gateway.QueryAsync<long>("select count(*) from spend_log where status_code = 200")).Single().Should().Be(15);
    }

    [Test]
    public async Task Nothing_of_a_disabled_teams_call_is_in_the_outbox_or_anywhere_else_on_disk()
    {
        var (_, key) = await TeamAsync("grey", isDisabled: true);

        await AskAsync(key, "canary-prompt-7c1d");

        (await Gateway.CountWaitingAsync()).Should().Be(0);
        (await Gateway.QueryAsync<long>("select count(*) from spend_log")).Single().Should().Be(1);
        foreach (var file in Directory.EnumerateFiles(Gateway.Folder.Path, "*", SearchOption.AllDirectories).Where(file => Path.GetExtension(file) != ".lock"))
            (await ReadSharedAsync(file)).Should().NotContain("canary-prompt-7c1d", "of {0}", Path.GetFileName(file));
    }

    [Test]
    public async Task A_team_that_disables_logging_is_not_logged_from_the_next_call_on()
    {
        var (project, key) = await TeamAsync("red");
        await AskAsync(key, "before");
        await _langfuse.WaitForSpansAsync(project.PublicKey, 1);

        var team = (await Gateway.QueryAsync<string>("select team_id from team")).Single();
        await Gateway.PostAsync($"/team/{team}/disable_logging");
        await AskAsync(key, "after");

        (await Gateway.CountWaitingAsync()).Should().Be(0);
        project.Spans.Should().ContainSingle();
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task A_call_whose_key_is_moved_meanwhile_is_told_to_the_team_that_made_it_if_that_still_wants_it(bool isDisabled)
    {
        var (arrived, goOn) = (new TaskCompletionSource(), new TaskCompletionSource());
        Provider.Answer = async (context, _) =>
        {
            arrived.TrySetResult();
            await goOn.Task;
            await FakeProvider.Json(context, OpenAiBodies.Chat("Red."));
        };
        var (red, key) = await TeamAsync("red");
        var (blue, _) = await TeamAsync("blue");
        var teams = await Gateway.QueryAsync<string>("select team_id from team order by team_alias");
        var call = AskAsync(key, "red question");
        await arrived.Task;

        await Gateway.PostAsync("/key/update", new() { ["key"] = key, ["team_id"] = teams[0] });
        if (isDisabled) await Gateway.PostAsync($"/team/{teams[1]}/disable_logging");
        goOn.SetResult();
        await call;
        Provider.Answer = (context, _) => FakeProvider.Json(context, OpenAiBodies.Chat("Blue."));
        await AskAsync(key, "blue question");

        (await _langfuse.WaitForSpansAsync(blue.PublicKey, 1)).Should().ContainSingle().Which["langfuse.observation.input"].Should().Contain("blue question");
        if (isDisabled) red.Spans.Should().BeEmpty();
        else (await _langfuse.WaitForSpansAsync(red.PublicKey, 1)).Should().ContainSingle().Which["langfuse.observation.metadata.user_api_key_team_id"].Should().Be(teams[1]);
    }

    [Test]
    public async Task A_call_is_told_whole()
    {
        Provider.Answer = (context, _) => FakeProvider.Json(context, OpenAiBodies.Chat("Four.", prompt: 1000, completion: 100, cached: 200));
        var (project, key) = await TeamAsync("red");

        await AskAsync(key, "2+2?", new JsonObject
        {
            ["temperature"] = 0.5,
            ["user"] = "end-user-7",
            ["metadata"] = new JsonObject { ["session_id"] = "s-1", ["tags"] = new JsonArray("a", "b"), ["feature"] = "sums", ["trace_metadata"] = new JsonObject { ["build"] = 7 } },
        });

        var span = (await _langfuse.WaitForSpansAsync(project.PublicKey, 1)).Single();
        span["langfuse.observation.type"].Should().Be("generation");
        span["langfuse.observation.model.name"].Should().Be(OpenAiBodies.Model);
        span["langfuse.observation.output"].Should().Contain("Four.");
        span["langfuse.user.id"].Should().Be("end-user-7");
        span["langfuse.session.id"].Should().Be("s-1");
        span["langfuse.observation.metadata.feature"].Should().Be("sums");
        span["langfuse.trace.metadata.build"].Should().Be("7");
        span.Json("langfuse.observation.model.parameters").GetProperty("temperature").GetDouble().Should().Be(0.5);

        // gpt-4o-mini: 0.15, 0.075 (cached) and 0.60 dollars per million tokens.
        var usage = span.Json("langfuse.observation.usage_details");
        (usage.GetProperty("input").GetInt64(), usage.GetProperty("input_cached_tokens").GetInt64(), usage.GetProperty("output").GetInt64(), usage.GetProperty("total").GetInt64())
            .Should().Be((800, 200, 100, 1100));
        span.Json("langfuse.observation.cost_details").GetProperty("total").GetDecimal().Should().Be(0.000195m);
    }

    [Test]
    public async Task A_stream_is_put_together_and_its_first_token_is_timed()
    {
        Provider.Answer = (context, _) => FakeProvider.Stream(context, OpenAiBodies.Stream("One", ", \"two\"", ", drei ✓"));
        var (project, key) = await TeamAsync("red");

        await AskAsync(key, "Count.", new JsonObject { ["stream"] = true });

        var span = (await _langfuse.WaitForSpansAsync(project.PublicKey, 1)).Single();
        span.Json("langfuse.observation.output").GetProperty("content").GetString().Should().Be("One, \"two\", drei ✓");
        span["langfuse.observation.completion_start_time"].Should().NotBeNull();
        span.Json("langfuse.observation.usage_details").GetProperty("total").GetInt64().Should().Be(11);
    }

    [Test]
    public async Task A_call_that_fails_is_an_error_in_the_log()
    {
        Provider.Answer = (context, _) => FakeProvider.Json(context, OpenAiBodies.Error("The server is overloaded.", "server_error"), status: 503);
        var (project, key) = await TeamAsync("red");
        using var client = Gateway.With(key);

        using var response = await client.PostAsJsonAsync("/v1/chat/completions", Chat("Hello"));

        ((int)response.StatusCode).Should().Be(503);
        var span = (await _langfuse.WaitForSpansAsync(project.PublicKey, 1)).Single();
        span["langfuse.observation.level"].Should().Be("ERROR");
        span["langfuse.observation.status_message"].Should().Be("The server is overloaded.");
        Provider.Calls.Should().HaveCount(3);
        foreach (var attempt in (int[])[1, 2, 3])
            span[$"langfuse.observation.metadata.attempt_{attempt}"].Should().StartWith("gpt-4o-mini/first, ").And.EndWith(" ms, 503: The server is overloaded.");
    }

    [Test]
    public async Task What_Langfuse_did_not_take_goes_out_after_the_next_start()
    {
        _langfuse.Answer = _ => Task.FromResult(new FakeAnswer(500));
        var (project, key) = await TeamAsync("red");
        await AskAsync(key, "kept");
        await _langfuse.WaitForRequestsAsync(project.PublicKey, 1);

        await Gateway.StopAsync();
        _langfuse.Answer = _ => Task.FromResult(FakeAnswer.Ok);
        project.Spans.Should().BeEmpty();
        await using var again = await TestGateway.StartAsync(Gateway.Folder);

        (await _langfuse.WaitForSpansAsync(project.PublicKey, 1)).Should().ContainSingle();
    }

    private async Task<(FakeProject Project, string Key)> TeamAsync(string name, bool isDisabled = false)
    {
        var project = _langfuse.AddProject(name);
        var team = await Gateway.CreateTeamAsync(new() { ["team_alias"] = name });
        await Gateway.LogToAsync(team, project.Target);
        if (isDisabled) await Gateway.PostAsync($"/team/{team}/disable_logging");
        return (project, await Gateway.CreateKeyAsync(new() { ["team_id"] = team, ["key_alias"] = $"{name}-key" }));
    }

    private async Task AskAsync(string key, string question, JsonObject? fields = null)
    {
        using var client = Gateway.With(key);
        using var response = await client.PostAsJsonAsync("/v1/chat/completions", Chat(question, fields));
        await response.Content.ReadAsStringAsync();
        response.IsSuccessStatusCode.Should().BeTrue();
    }

    private static JsonObject Chat(string question, JsonObject? fields = null)
    {
        var body = fields ?? [];
        body["model"] = Model;
        body["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = question });
        return body;
    }

    private static async Task<string> ReadSharedAsync(string path)
    {
        await using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(stream, System.Text.Encoding.Latin1);
        return await reader.ReadToEndAsync();
    }
}
