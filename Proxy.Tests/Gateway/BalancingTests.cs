using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using FluentAssertions;
using Microsoft.AspNetCore.Http;
using NUnit.Framework;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Gateway;

/// <summary>Which destination of a model a call goes to.</summary>
internal sealed class BalancingTests
{
    private FakeProvider _first = null!;
    private FakeProvider _second = null!;
    private TestGateway _gateway = null!;
    private HttpClient _client = null!;

    [SetUp]
    public async Task StartProvidersAsync() => (_first, _second) = (await FakeProvider.StartAsync(), await FakeProvider.StartAsync());

    [TearDown]
    public async Task StopAsync()
    {
        _client?.Dispose();
        if (_gateway is not null) await _gateway.DisposeAsync();
        await _first.DisposeAsync();
        await _second.DisposeAsync();
    }

    [Test]
    public async Task Weights_share_the_calls()
    {
        await StartAsync("Weighted", """{"Weight":"9"}""", """{"Weight":"1"}""");

        await AskAsync(times: 200);

        _first.Calls.Count.Should().BeInRange(150, 199);
        (_first.Calls.Count + _second.Calls.Count).Should().Be(200);
    }

    [Test]
    public async Task A_weight_of_zero_gets_nothing()
    {
        await StartAsync("Weighted", """{"Weight":"0"}""", """{"Weight":"0.5"}""");

        await AskAsync(times: 20);

        _first.Calls.Should().BeEmpty();
    }

    [Test]
    public async Task The_lowest_order_gets_all_calls_until_it_fails()
    {
        await StartAsync("RoundRobin", """{"Order":"2"}""", """{"Order":"1"}""");

        await AskAsync(times: 6);
        (_first.Calls.Count, _second.Calls.Count).Should().Be((0, 6));
        _second.Answer = (context, _) => FakeProvider.Json(context, OpenAiBodies.Error("down"), 500);

        (await AskAsync()).Should().Be("main/first");
    }

    [Test]
    public async Task The_quickest_gets_the_calls_once_both_are_known()
    {
        await StartAsync("LowestLatency", "{}", "{}");
        _first.Answer = async (context, _) =>
        {
            using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(150));
            await pause.WaitForNextTickAsync();
            await FakeProvider.Json(context, OpenAiBodies.Chat("slow"));
        };

        await AskAsync(times: 12);

        (_first.Calls.Count, _second.Calls.Count).Should().Be((1, 11));
    }

    [Test]
    public async Task One_that_fails_at_once_is_not_the_quickest()
    {
        await StartAsync("LowestLatency", "{}", "{}", metadata: """{"AllowedFails":"1000"}""");
        _first.Answer = (context, _) => FakeProvider.Json(context, OpenAiBodies.Error("down"), 500);

        await AskAsync(times: 12);

        (_first.Calls.Count, _second.Calls.Count).Should().Be((1, 12));
    }

    [Test]
    public async Task The_cheapest_gets_the_calls()
    {
        await StartAsync("LowestCost", """{"Model":"gpt-4o"}""", """{"Model":"gpt-4o-mini"}""");

        await AskAsync(times: 5);

        (_first.Calls.Count, _second.Calls.Count).Should().Be((0, 5));
    }

    [Test]
    public async Task The_one_with_the_fewest_tokens_gets_the_next_call()
    {
        await StartAsync("LeastTokens", "{}", "{}");
        _first.Answer = (context, _) => FakeProvider.Json(context, OpenAiBodies.Chat("long", prompt: 50, completion: 50));
        _second.Answer = (context, _) => FakeProvider.Json(context, OpenAiBodies.Chat("short", prompt: 5, completion: 5));

        await AskAsync(times: 9);

        _first.Calls.Count.Should().BeLessThanOrEqualTo(2);
    }

    [Test]
    public async Task A_session_stays_where_it_is_and_moves_when_that_fails()
    {
        await StartAsync("HeaderHash", "{}", "{}");
        foreach (var session in Enumerable.Range(0, 20)) await AskAsync(times: 2, session: $"session-{session}");

        (_first.Calls.Count, _second.Calls.Count).Should().Match<(int First, int Second)>(calls => calls.First % 2 == 0 && calls.First > 4 && calls.Second > 4);
        _first.Answer = (context, _) => FakeProvider.Json(context, OpenAiBodies.Error("down"), 500);

        foreach (var session in Enumerable.Range(0, 20)) await AskAsync(session: $"session-{session}");
    }

    [TestCase("paid", 0, 1)]
    [TestCase("other", 1, 0)]
    [TestCase(null, 1, 0)]
    public async Task A_tagged_destination_gets_the_calls_with_its_tag(string? tag, int first, int second)
    {
        await StartAsync("RoundRobin", """{"Tags":"default"}""", """{"Tags":"paid, gold"}""");

        await AskAsync(fields: tag is null ? null : new JsonObject { ["tags"] = new JsonArray(tag) });

        (_first.Calls.Count, _second.Calls.Count).Should().Be((first, second));
    }

    [Test]
    public async Task An_alias_stands_for_a_model_and_is_checked_as_itself()
    {
        await StartAsync("FirstAlphabetical", "{}", "{}", new JsonObject { ["ModelGroupAlias"] = new JsonObject { ["gpt-4:old"] = "main" } });

        await AskAsync(fields: new JsonObject { ["model"] = "gpt-4:old" });

        _first.Calls.Single().Json["model"]!.GetValue<string>().Should().Be("main");
        (await _gateway.LedgerAsync()).Single().Model.Should().Be("gpt-4:old");
    }

    [Test]
    public async Task Policies_of_yarp_see_the_cluster_of_the_call()
    {
        await StartAsync("RoundRobin", "{}", "{}");

        await AskAsync(times: 10);

        (_first.Calls.Count, _second.Calls.Count).Should().Be((5, 5));
    }

    [Test]
    public async Task Health_is_probed_on_demand_and_shows_no_credential()
    {
        await StartAsync("FirstAlphabetical", """{"ApiKey":"upstream-credential-1"}""", """{"ApiKey":"upstream-credential-2"}""");
        _second.Answer = (context, _) => FakeProvider.Json(context, OpenAiBodies.Error("bad key upstream-credential-2"), 401);

        var report = await _gateway.Admin.GetStringAsync("/health");
        using var denied = await _client.GetAsync("/health");
        var other = JsonNode.Parse(await _gateway.Admin.GetStringAsync("/health?model=none"))!;

        var json = JsonNode.Parse(report)!;
        (json["healthy_count"]!.GetValue<int>(), json["unhealthy_count"]!.GetValue<int>()).Should().Be((1, 1));
        json["healthy_endpoints"]![0]!["model_id"]!.GetValue<string>().Should().Be("main/first");
        json["unhealthy_endpoints"]![0]!["error"]!.GetValue<string>().Should().Be("It refused the credential.");
        report.Should().NotContain("upstream-credential").And.NotContain("127.0.0.1");
        (_first.Calls.Single().Path, _first.Calls.Single().Headers["Authorization"]).Should().Be(("/v1/models", "Bearer upstream-credential-1"));
        (denied.StatusCode, other["healthy_count"]!.GetValue<int>()).Should().Be((HttpStatusCode.Unauthorized, 0));
    }

    [Test]
    public async Task Probes_on_a_timer_take_a_destination_out_of_the_routing_and_bring_it_back()
    {
        var isDown = true;
        _first.Answer = (context, call) => call.Path.EndsWith("/models", StringComparison.Ordinal)
            ? FakeProvider.Json(context, "{}", isDown ? 503 : 200)
            : FakeProvider.Json(context, OpenAiBodies.Chat("first"));
        await StartAsync("FirstAlphabetical", "{}", "{}", health: new JsonObject { ["Active"] = new JsonObject { ["Enabled"] = true, ["Interval"] = "00:00:00.050", ["Timeout"] = "00:00:02" } });

        var away = await Eventually.BecomesAsync(() => AskAsync(), model => model == "main/second");
        isDown = false;
        var back = await Eventually.BecomesAsync(() => AskAsync(), model => model == "main/first");

        (away, back).Should().Be(("main/second", "main/first"));
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task What_a_probe_on_demand_finds_steers_at_once(bool isOnATimerToo)
    {
        var active = new JsonObject { ["Active"] = new JsonObject { ["Enabled"] = isOnATimerToo, ["Interval"] = "10:00:00" } };
        await StartAsync("FirstAlphabetical", "{}", "{}", health: active, metadata: """{"CooldownTime":"10:00:00"}""");
        _first.Answer = DownForProbes;

        var report = await _gateway.Admin.GetStringAsync("/health");

        report.Should().Contain("\"unhealthy_count\":1");
        (await Eventually.BecomesAsync(() => AskAsync(), model => model == "main/second")).Should().Be("main/second");
    }

    [Test]
    public async Task A_model_that_answers_in_process_beside_others_is_steered_by_probes_too()
    {
        await StartAsync("FirstAlphabetical", "{}", """{"Provider":"demo"}""", metadata: """{"CooldownTime":"10:00:00"}""");
        _first.Answer = DownForProbes;

        (await AskAsync()).Should().Be("main/first");
        _ = await _gateway.Admin.GetStringAsync("/health");

        (await Eventually.BecomesAsync(() => AskAsync(), model => model == "main/second")).Should().Be("main/second");
    }

    [Test]
    public async Task A_probe_on_demand_takes_nobody_out_for_longer_than_a_cooldown_and_never_the_last_one()
    {
        await StartAsync("FirstAlphabetical", "{}", "{}", metadata: """{"CooldownTime":"00:00:00.200"}""");
        _first.Answer = _second.Answer = DownForProbes;

        (await _gateway.Admin.GetStringAsync("/health")).Should().Contain("\"unhealthy_count\":2");

        (await AskAsync()).Should().BeOneOf("main/first", "main/second");
        (await Eventually.BecomesAsync(() => AskAsync(), model => model == "main/first")).Should().Be("main/first");
    }

    private static Task DownForProbes(HttpContext context, ProviderCall call) => call.Path.EndsWith("/models", StringComparison.Ordinal)
        ? FakeProvider.Json(context, "{}", 503)
        : FakeProvider.Json(context, OpenAiBodies.Chat("here"));

    private async Task StartAsync(string policy, string first, string second, JsonObject? sections = null, JsonObject? health = null, string? metadata = null)
    {
        JsonObject Destination(Uri provider, string metadata) => new() { ["Address"] = $"{provider}v1", ["Metadata"] = JsonNode.Parse(metadata) };
        var cluster = new JsonObject
        {
            ["LoadBalancingPolicy"] = policy,
            ["Destinations"] = new JsonObject { ["first"] = Destination(_first.Address, first), ["second"] = Destination(_second.Address, second) },
        };
        if (health is not null) cluster["HealthCheck"] = health;
        if (metadata is not null) cluster["Metadata"] = JsonNode.Parse(metadata);
        _gateway = await TestGateway.StartAsync(new JsonObject { ["main"] = cluster }, sections);
        _client = _gateway.With(await _gateway.CreateKeyAsync());
    }

    /// <returns>Where the last call went.</returns>
    private async Task<string> AskAsync(int times = 1, string? session = null, JsonObject? fields = null)
    {
        var went = "";
        for (var call = 0; call < times; call++)
        {
            var body = fields?.DeepClone().AsObject() ?? [];
            if (!body.ContainsKey("model")) body["model"] = "main";
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = JsonContent.Create(body) };
            if (session is not null) request.Headers.Add("x-litellm-session-id", session);
            using var response = await _client.SendAsync(request);
            response.StatusCode.Should().Be(HttpStatusCode.OK);
            went = response.Headers.GetValues("x-litellm-model-id").Single();
        }

        return went;
    }
}
