using System.Net.Http.Json;
using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Tests.Logging;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Gateway;

/// <summary>Promise 3, through the whole program.</summary>
internal sealed class LogPrivacyTests : GatewayFixture
{
    private FakeLangfuse _langfuse = null!;

    [SetUp]
    public async Task StartLangfuseAsync() => _langfuse = await FakeLangfuse.StartAsync();

    [TearDown]
    public async Task StopLangfuseAsync() => await _langfuse.DisposeAsync();

    [Test]
    public async Task What_waits_for_a_team_that_disables_logging_is_purged_before_the_answer()
    {
        _langfuse.Answer = static _ => Task.FromResult(new FakeAnswer(401));
        var red = await AddTeamAsync("red");
        await AskAsync(red.Key, "canary-91b2");
        await _langfuse.WaitForRequestsAsync(red.Project.PublicKey, 1);
        (await Gateway.CountWaitingAsync()).Should().Be(1);

        await Gateway.PostAsync($"/team/{red.Id}/disable_logging");

        (await Gateway.CountWaitingAsync()).Should().Be(0);
    }

    [Test]
    public async Task A_call_with_no_log_is_booked_and_not_logged()
    {
        var red = await AddTeamAsync("red");

        await AskAsync(red.Key, "secret", new JsonObject { ["no-log"] = true });
        await AskAsync(red.Key, "open");

        (await _langfuse.WaitForSpansAsync(red.Project.PublicKey, 1)).Single()["langfuse.observation.input"].Should().Contain("open");
        (await Gateway.QueryAsync<long>("select count(*) from spend_log")).Single().Should().Be(2);
    }

    [Test]
    public async Task Redaction_leaves_no_word_of_the_call_but_what_it_cost()
    {
        Provider.Answer = (context, _) => FakeProvider.Json(context, OpenAiBodies.Chat("canary-answer"));
        var red = await AddTeamAsync("red", new JsonObject { ["turn_off_message_logging"] = true });

        await AskAsync(red.Key, "canary-question");

        var span = (await _langfuse.WaitForSpansAsync(red.Project.PublicKey, 1)).Single();
        (span["langfuse.observation.input"], span["langfuse.observation.output"]).Should().Be(("redacted-by-litellm", "redacted-by-litellm"));
        span["langfuse.observation.usage_details"].Should().NotBeNull();
    }

    [Test]
    public async Task Headers_name_the_trace_over_the_body_and_cannot_send_it_elsewhere()
    {
        var red = await AddTeamAsync("red");
        using var client = Gateway.With(red.Key);
        client.DefaultRequestHeaders.Add("langfuse-trace-name", "from the header");
        client.DefaultRequestHeaders.Add("langfuse_session_id", "s-9");
        client.DefaultRequestHeaders.Add("langfuse-tags", "a, b");
        client.DefaultRequestHeaders.Add("langfuse-mask-input", "true");
        client.DefaultRequestHeaders.Add("langfuse-host", "http://127.0.0.1:1");

        var body = new JsonObject { ["metadata"] = new JsonObject { ["trace_name"] = "from the body", ["parent_observation_id"] = "b7ad6b7169203331" } };
        await AskAsync(client, "hidden", body);

        var span = (await _langfuse.WaitForSpansAsync(red.Project.PublicKey, 1)).Single();
        (span["langfuse.trace.name"], span["langfuse.session.id"], span["langfuse.observation.input"]).Should().Be(("from the header", "s-9", "redacted-by-litellm"));
        span.List("langfuse.trace.tags").Should().Equal("a", "b");
        span["langfuse.observation.output"].Should().Contain("Hello!");
        span.Keys.Should().NotContain(key => key.EndsWith("host", StringComparison.Ordinal));
    }

    [Test]
    public async Task A_trace_that_exists_keeps_what_is_not_listed()
    {
        var red = await AddTeamAsync("red");

        await AskAsync(red.Key, "more", new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["existing_trace_id"] = "0af7651916cd43dd8448eb211c80319c",
                ["trace_name"] = "other",
                ["session_id"] = "s",
                ["update_trace_keys"] = new JsonArray("session_id"),
            },
        });

        var span = (await _langfuse.WaitForSpansAsync(red.Project.PublicKey, 1)).Single();
        (span.TraceId, span["langfuse.trace.name"], span["langfuse.session.id"]).Should().Be(("0af7651916cd43dd8448eb211c80319c", null, "s"));
    }

    [Test]
    public async Task The_effective_result_is_shown_and_tested_with_the_real_sender()
    {
        var red = await AddTeamAsync("red");
        using var client = Gateway.With(red.Key);

        var team = JsonNode.Parse(await Gateway.Admin.GetStringAsync($"/team/{red.Id}/callback"))!["data"]!["effective"]!;
        var key = JsonNode.Parse(await client.GetStringAsync("/key/info"))!["effective_logging"]!;
        using var health = await client.PostAsync("/key/health", null);
        using var test = await client.PostAsync($"/team/{red.Id}/callback/test", null);
        using var other = await client.PostAsync("/team/another/callback/test", null);

        (team["level"]!.ToString(), key["targets"]![0]!["public_key"]!.ToString()).Should().Be(("team", red.Project.PublicKey));
        (team.ToJsonString() + key.ToJsonString()).Should().NotContain(red.Project.Target.SecretKey);
        (await health.Content.ReadAsStringAsync()).Should().Contain("\"key\":\"healthy\"").And.Contain("red");
        (await test.Content.ReadAsStringAsync()).Should().Contain("\"status\":\"healthy\"");
        ((int)other.StatusCode).Should().BeOneOf(401, 403);
        red.Project.Spans.Select(span => span.Name).Should().Equal("callback test", "callback test");
    }

    [Test]
    public async Task Two_projects_of_one_team_are_shown_tried_listed_and_purged_each_for_itself()
    {
        FakeProject[] projects = [_langfuse.AddProject("red"), _langfuse.AddProject("copy")];
        var logging = new JsonArray([.. projects.Select(project => (JsonNode)TestCallbacks.Langfuse(project.Target))]);
        var team = await Gateway.CreateTeamAsync(new() { ["metadata"] = new JsonObject { ["logging"] = logging } });
        var key = await Gateway.CreateKeyAsync(new() { ["team_id"] = team });
        using var client = Gateway.With(key);

        var effective = JsonNode.Parse(await Gateway.Admin.GetStringAsync($"/team/{team}/callback"))!["data"]!["effective"]!["targets"]!.AsArray();
        using var test = await client.PostAsync($"/team/{team}/callback/test", null);
        _langfuse.Answer = export => Task.FromResult(new FakeAnswer(export.Project == projects[1] ? 403 : 200));
        await AskAsync(key, "both");
        await _langfuse.WaitForSpansAsync(projects[0].PublicKey, 2);
        var targets = await Eventually.BecomesAsync(
            async () => JsonNode.Parse(await Gateway.Admin.GetStringAsync("/logging/targets"))!["targets"]!.AsArray().ToDictionary(target => target!["name"]!.ToString(), target => $"{target!["state"]} {target["waiting"]}"),
            states => states.GetValueOrDefault(projects[1].PublicKey) == "parked 1" && states.GetValueOrDefault(projects[0].PublicKey) == "idle 0");
        await Gateway.PostAsync($"/team/{team}/disable_logging");

        effective.Select(target => target!["public_key"]!.ToString()).Should().Equal(projects[0].PublicKey, projects[1].PublicKey);
        ((int)test.StatusCode, targets.Count).Should().Be((200, 2));
        projects[0].Spans.Select(span => span.Name).Should().Equal("callback test", "litellm-acompletion");
        projects[1].Spans.Select(span => span.Name).Should().Equal("callback test");
        (await Gateway.CountWaitingAsync()).Should().Be(0);
    }

    [Test]
    public async Task The_desk_shows_targets_and_dead_letters_to_admins_only()
    {
        _langfuse.Answer = static export => Task.FromResult(new FakeAnswer(export.Spans.Count > 0 ? 400 : 200, "I refuse"));
        var red = await AddTeamAsync("red");
        await AskAsync(red.Key, "poison");
        await Eventually.BecomesAsync(async () => (await Gateway.QueryAsync<long>("select count(*) from dead_letter")).Single(), count => count == 1);
        using var client = Gateway.With(red.Key);

        var targets = JsonNode.Parse(await Gateway.Admin.GetStringAsync("/logging/targets"))!["targets"]!.AsArray();
        var letters = await Gateway.Admin.GetStringAsync("/logging/dead-letters");
        using var refused = await client.GetAsync("/logging/targets");
        using var unsaid = await Gateway.Admin.PostAsJsonAsync("/logging/dead-letters/purge", new { });
        _langfuse.Answer = static _ => Task.FromResult(FakeAnswer.Ok);
        var retried = await Gateway.PostAsync("/logging/dead-letters/retry", []);

        targets.Single()!["dead_letters"]!.GetValue<int>().Should().Be(1);
        letters.Should().Contain("400 I refuse").And.NotContain("poison").And.NotContain(red.Project.Target.SecretKey);
        ((int)refused.StatusCode, (int)unsaid.StatusCode, retried["retried"]!.GetValue<int>()).Should().Be((401, 400, 1));
        await _langfuse.WaitForSpansAsync(red.Project.PublicKey, 1);
        (await Gateway.Admin.GetStringAsync("/health/logging")).Should().Contain("\"status\":\"healthy\"");
    }

    private async Task<(string Id, string Key, FakeProject Project)> AddTeamAsync(string name, JsonObject? metadata = null)
    {
        var project = _langfuse.AddProject(name);
        var team = await Gateway.CreateTeamAsync(new() { ["team_alias"] = name, ["metadata"] = metadata ?? [] });
        await Gateway.LogToAsync(team, project.Target);
        return (team, await Gateway.CreateKeyAsync(new() { ["team_id"] = team }), project);
    }

    private async Task AskAsync(string key, string question, JsonObject? fields = null)
    {
        using var client = Gateway.With(key);
        await AskAsync(client, question, fields);
    }

    private static async Task AskAsync(HttpClient client, string question, JsonObject? fields)
    {
        var body = fields ?? [];
        body["model"] = Model;
        body["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = question });
        using var response = await client.PostAsJsonAsync("/v1/chat/completions", body);
        var text = await response.Content.ReadAsStringAsync();
        response.IsSuccessStatusCode.Should().BeTrue(text);
    }
}
