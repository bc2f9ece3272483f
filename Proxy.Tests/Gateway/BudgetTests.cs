using System.Net;
using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Tests.Databases;
using Proxy.Tests.Logging;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Gateway;

/// <summary>Budgets and limits through the whole program.</summary>
[OnEachEngine]
internal sealed class BudgetTests : GatewayFixture
{
    /// <summary>An estimate of 4 tokens asked and 25 answered.</summary>
    private const string Body = """{"model":"gpt-4o-mini","max_tokens":25,"messages":["ten bytes"]}""";

    /// <summary>A millionth of a dollar for each token.</summary>
    protected override JsonObject Sections => new()
    {
        ["Prices"] = new JsonObject { [Model] = new JsonObject { ["InputCostPerToken"] = 0.000001, ["OutputCostPerToken"] = 0.000001 } },
    };

    [Test]
    public async Task A_budget_for_exactly_ten_calls_lets_ten_of_a_hundred_parallel_ones_through()
    {
        Provider.Answer = (context, _) => FakeProvider.Json(context, OpenAiBodies.Chat("Hello!", prompt: 4, completion: 25));
        var key = await Gateway.CreateKeyAsync(new() { ["max_budget"] = 0.00029 });
        using var client = Gateway.With(key);

        var answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(async _ =>
        {
            using var response = await client.PostAsync("/v1/chat/completions", new StringContent(Body));
            return response.StatusCode;
        }));

        answers.Count(status => status == HttpStatusCode.OK).Should().Be(10);
        answers.Count(status => status == HttpStatusCode.BadRequest).Should().Be(90);
        (await Gateway.QueryAsync<long>("select spend from api_key where max_budget is not null")).Should().Equal(290_000_000);
        (await Gateway.QueryAsync<long>("select cast(sum(cost) as bigint) from spend_log")).Should().Equal(290_000_000);
    }

    [Test]
    public async Task A_tag_that_is_too_long_for_an_account_is_none_and_its_call_is_recorded_and_billed()
    {
        Provider.Answer = (context, _) => FakeProvider.Json(context, OpenAiBodies.Chat("Hello!", prompt: 4, completion: 25));
        var random = new Random(1);
        var tag = new string([.. Enumerable.Range(0, 1300).Select(_ => (char)random.Next(0x4e00, 0x9fa5))]);
        using var client = Gateway.With(await Gateway.CreateKeyAsync());

        foreach (var field in (string[])["\"tags\"", "\"metadata\":{\"tags\""])
        {
            var end = field.Contains("metadata") ? "]}" : "]";
            using var response = await client.PostAsync("/v1/chat/completions", new StringContent($$"""{"model":"gpt-4o-mini","messages":[],{{field}}:["{{tag}}","kept"{{end}}}"""));
            response.StatusCode.Should().Be(HttpStatusCode.OK);
        }

        (await Gateway.LedgerAsync()).Count(row => row.Outcome == "Success").Should().Be(2);
        (await Gateway.QueryAsync<string>("select id from account where kind = 'tag'")).Should().Equal("kept");
    }

    [Test]
    public async Task Tags_of_a_header_for_the_log_count_in_no_budget_and_metadata_for_the_spend_goes_into_the_log()
    {
        Provider.Answer = (context, _) => FakeProvider.Json(context, OpenAiBodies.Chat("Hello!", prompt: 4, completion: 25));
        await using var langfuse = await FakeLangfuse.StartAsync();
        var project = langfuse.AddProject("kept");
        var team = await Gateway.CreateTeamAsync();
        await Gateway.LogToAsync(team, project.Target);
        using var client = Gateway.With(await Gateway.CreateKeyAsync(new JsonObject { ["team_id"] = team }));
        client.DefaultRequestHeaders.Add("langfuse_tags", "a-victim,a-victim");
        client.DefaultRequestHeaders.Add("x-litellm-tags", "own");
        client.DefaultRequestHeaders.Add("x-litellm-spend-logs-metadata", """{"project":"p-1"}""");

        using var response = await client.PostAsync("/v1/chat/completions", new StringContent(Body));

        response.StatusCode.Should().Be(HttpStatusCode.OK);
        (await Gateway.QueryAsync<string>("select id from account where kind = 'tag'")).Should().Equal("own");
        (await Gateway.QueryAsync<string>("select distinct id from account_day where kind = 'tag'")).Should().Equal("own");
        await langfuse.WaitForSpansAsync(project.PublicKey, 1);
        var span = project.Spans.Single();
        span.Keys.Where(key => key.EndsWith("spend_logs_metadata", StringComparison.Ordinal)).Select(key => span[key]).Distinct().Should().Equal("""{"project":"p-1"}""");
    }

    [Test]
    public async Task Calls_that_state_no_bound_wait_for_one_another_and_ten_of_a_hundred_pass_too()
    {
        Provider.Answer = (context, _) => FakeProvider.Json(context, OpenAiBodies.Chat("Hello!", prompt: 4, completion: 25));
        var key = await Gateway.CreateKeyAsync(new() { ["max_budget"] = 0.00029 });
        using var client = Gateway.With(key);

        var answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(async _ =>
        {
            using var response = await client.PostAsync("/v1/chat/completions", new StringContent("""{"model":"gpt-4o-mini","messages":["ten bytes"]}"""));
            return response.StatusCode;
        }));

        answers.Count(status => status == HttpStatusCode.OK).Should().Be(10);
        answers.Count(status => status == HttpStatusCode.BadRequest).Should().Be(90);
        (await Gateway.QueryAsync<long>("select spend from api_key where max_budget is not null")).Should().Equal(290_000_000);
    }

    [Test]
    public async Task A_client_that_leaves_while_it_waits_for_a_budget_costs_and_holds_nothing()
    {
        var (arrived, goOn) = (new TaskCompletionSource(), new TaskCompletionSource());
        Provider.Answer = async (context, _) =>
        {
            arrived.TrySetResult();
            await goOn.Task.WaitAsync(Limit);
            await FakeProvider.Json(context, OpenAiBodies.Chat("Hello!", prompt: 4, completion: 25));
        };
        using var client = Gateway.With(await Gateway.CreateKeyAsync(new() { ["max_budget"] = 0.0001 }));
        var first = client.PostAsync("/v1/chat/completions", new StringContent("""{"model":"gpt-4o-mini","messages":[]}"""));
        await arrived.Task.WaitAsync(Limit);
        using (var leaving = new CancellationTokenSource(TimeSpan.FromMilliseconds(100)))
        {
            var waiting = () => client.PostAsync("/v1/chat/completions", new StringContent("""{"model":"gpt-4o-mini","messages":[]}"""), leaving.Token);
            await waiting.Should().ThrowAsync<OperationCanceledException>();
        }

        var rows = await Eventually.BecomesAsync(Gateway.LedgerAsync, rows => rows.Count > 0);
        goOn.SetResult();

        (await first).StatusCode.Should().Be(HttpStatusCode.OK);
        rows.Single().Outcome.Should().Be("Aborted");
        Provider.Calls.Should().ContainSingle();
        (await client.PostAsync("/v1/chat/completions", new StringContent(Body))).StatusCode.Should().Be(HttpStatusCode.OK);
    }

    [Test]
    public async Task A_key_that_is_blocked_or_deleted_while_its_call_waits_for_a_budget_makes_none([Values("block", "delete")] string change)
    {
        var (arrived, goOn) = (new TaskCompletionSource(), new TaskCompletionSource());
        Provider.Answer = async (context, _) =>
        {
            arrived.TrySetResult();
            await goOn.Task.WaitAsync(Limit);
            await FakeProvider.Json(context, OpenAiBodies.Chat("Hello!", prompt: 4, completion: 25));
        };
        var key = await Gateway.CreateKeyAsync(new() { ["max_budget"] = 0.0001 });
        using var client = Gateway.With(key);
        const string Asked = """{"model":"gpt-4o-mini","messages":[]}""";
        var first = client.PostAsync("/v1/chat/completions", new StringContent(Asked));
        await arrived.Task.WaitAsync(Limit);
        var waiting = client.PostAsync("/v1/chat/completions", new StringContent(Asked));
        await Eventually.BecomesAsync(() => Gateway.Admin.GetStringAsync("/metrics"), text => text.Contains("litellm_in_flight_requests 2"));

        var body = change == "block" ? new JsonObject { ["key"] = key } : new JsonObject { ["keys"] = new JsonArray(key) };
        await Gateway.PostAsync($"/key/{change}", body);
        goOn.SetResult();

        (await first).StatusCode.Should().Be(HttpStatusCode.OK);
        (await waiting).StatusCode.Should().Be(HttpStatusCode.Unauthorized);
        Provider.Calls.Should().ContainSingle();
        (await Gateway.QueryAsync<long>("select cast(sum(cost) as bigint) from spend_log")).Should().Equal(29_000_000);
    }

    [Test]
    public async Task A_call_counts_in_every_scope_in_the_commit_that_records_it()
    {
        await Gateway.CreateTeamAsync(new() { ["team_id"] = "t-1", ["organization_id"] = "o-1" });
        using var client = Gateway.With(await Gateway.CreateKeyAsync(new() { ["team_id"] = "t-1", ["user_id"] = "u-1", ["tags"] = new JsonArray("of-key") }));
        var body = """{"model":"gpt-4o-mini","user":"c-1","tags":["asked"],"messages":[]}""";

        (await client.PostAsync("/v1/chat/completions", new StringContent(body))).StatusCode.Should().Be(HttpStatusCode.OK);

        var cost = (await Gateway.LedgerAsync()).Single().Cost;
        cost.Should().BePositive();
        (await Gateway.QueryAsync<string>("select kind || ' ' || replace(id, '\u001f', '/') || ' ' || spend from account order by kind, id")).Should().Equal(
            $"end_user c-1 {cost}", $"organization o-1 {cost}", $"organization_member o-1/u-1 {cost}", $"proxy proxy {cost}", $"tag asked {cost}", $"tag of-key {cost}", $"team_member t-1/u-1 {cost}", $"user u-1 {cost}");
        (await Gateway.QueryAsync<long>("select spend from team")).Should().Equal(cost);
    }

    [Test]
    public async Task A_key_that_is_moved_during_a_call_has_it_counted_where_it_was_admitted()
    {
        var (arrived, goOn) = (new TaskCompletionSource(), new TaskCompletionSource());
        Provider.Answer = async (context, _) =>
        {
            arrived.TrySetResult();
            await goOn.Task.WaitAsync(Limit);
            await FakeProvider.Json(context, OpenAiBodies.Chat("Hello!", prompt: 4, completion: 25));
        };
        foreach (var team in (string[])["1", "2"]) await Gateway.CreateTeamAsync(new() { ["team_id"] = $"t-{team}", ["organization_id"] = $"o-{team}" });
        var key = await Gateway.CreateKeyAsync(new() { ["team_id"] = "t-1", ["user_id"] = "u-1" });
        using var client = Gateway.With(key);
        var call = client.PostAsync("/v1/chat/completions", new StringContent(Body));
        await arrived.Task.WaitAsync(Limit);

        await Gateway.PostAsync("/key/update", new() { ["key"] = key, ["team_id"] = "t-2", ["user_id"] = "u-2" });
        goOn.SetResult();
        (await call).StatusCode.Should().Be(HttpStatusCode.OK);

        (await Gateway.QueryAsync<string>("select team_id || ' ' || user_id || ' ' || organization_id from spend_log")).Should().Equal("t-1 u-1 o-1");
        (await Gateway.QueryAsync<string>("select kind || ' ' || replace(id, '\u001f', '/') || ' ' || spend from account where spend > 0 order by kind, id")).Should().Equal(
            "organization o-1 29000000", "organization_member o-1/u-1 29000000", "proxy proxy 29000000", "team_member t-1/u-1 29000000", "user u-1 29000000");
        (await Gateway.QueryAsync<string>("select team_id || ' ' || spend from team order by team_id")).Should().Equal("t-1 29000000", "t-2 0");
        foreach (var (team, spend) in new[] { ("t-1", 0.000029m), ("t-2", 0m) })
            JsonNode.Parse(await Gateway.Admin.GetStringAsync($"/team/info?team_id={team}"))!["team_info"]!["spend"]!.GetValue<decimal>().Should().Be(spend, "memory says what the rows say");
    }

    [Test]
    public async Task A_rate_refusal_says_when_and_a_success_says_what_is_left()
    {
        using var client = Gateway.With(await Gateway.CreateKeyAsync(new() { ["rpm_limit"] = 1, ["tpm_limit"] = 1000, ["max_budget"] = 5 }));

        using var first = await client.PostAsync("/v1/chat/completions", new StringContent(Body));
        using var second = await client.PostAsync("/v1/chat/completions", new StringContent(Body));

        first.StatusCode.Should().Be(HttpStatusCode.OK);
        HeaderOf(first, "x-ratelimit-limit-requests").Should().Be("1");
        HeaderOf(first, "x-ratelimit-remaining-requests").Should().Be("0");
        HeaderOf(first, "x-ratelimit-limit-tokens").Should().Be("1000");
        HeaderOf(first, "x-ratelimit-remaining-tokens").Should().NotBeNull();
        HeaderOf(first, "x-ratelimit-reset-requests").Should().EndWith("s");
        HeaderOf(first, "x-litellm-key-max-budget").Should().Be("5");
        HeaderOf(first, "x-litellm-key-rpm-limit").Should().Be("1");
        second.StatusCode.Should().Be(HttpStatusCode.TooManyRequests);
        second.Headers.RetryAfter!.Delta.Should().BeGreaterThan(TimeSpan.FromSeconds(50)).And.BeLessThanOrEqualTo(TimeSpan.FromSeconds(60));
        HeaderOf(second, "rate_limit_type").Should().Be("requests");
        HeaderOf(second, "reset_at").Should().NotBeNull();
        (await Gateway.LedgerAsync()).Select(row => row.Status).Should().Equal(200, 429);
    }

    [Test]
    public async Task A_success_says_where_it_went_what_it_cost_and_what_is_left_for_its_model()
    {
        Provider.Answer = (context, _) => FakeProvider.Json(context, OpenAiBodies.Chat("Hello!", prompt: 4, completion: 6));
        using var client = Gateway.With(await Gateway.CreateKeyAsync(new()
        {
            ["tpm_limit"] = 5000,
            ["model_rpm_limit"] = new JsonObject { [Model] = 7 },
            ["model_tpm_limit"] = new JsonObject { [Model] = 900 },
        }));
        client.DefaultRequestHeaders.Add("x-litellm-timeout", "12.5");

        using var response = await client.PostAsync("/v1/chat/completions", new StringContent(Body));

        HeaderOf(response, "x-litellm-call-id").Should().NotBeNull();
        HeaderOf(response, "x-litellm-version").Should().MatchRegex(@"^\d+\.\d+\.\d+$");
        HeaderOf(response, "x-litellm-model-id").Should().Be($"{Model}/first");
        HeaderOf(response, "x-litellm-model-group").Should().Be(Model);
        HeaderOf(response, "x-litellm-response-cost").Should().Be("0.00001");
        HeaderOf(response, "x-litellm-response-cost-original").Should().Be("0.00001");
        HeaderOf(response, "x-litellm-response-duration-ms").Should().NotBeNull();
        HeaderOf(response, "x-litellm-attempted-retries").Should().Be("0");
        HeaderOf(response, "x-litellm-attempted-fallbacks").Should().Be("0");
        HeaderOf(response, "x-litellm-max-fallbacks").Should().NotBeNull();
        HeaderOf(response, "x-litellm-timeout").Should().Be("12.5");
        HeaderOf(response, "x-litellm-key-spend").Should().Be("0");
        HeaderOf(response, "x-litellm-key-tpm-limit").Should().Be("5000");
        HeaderOf(response, "x-litellm-key-rpm-limit").Should().BeNull("there is none");
        HeaderOf(response, $"x-litellm-key-remaining-requests-{Model}").Should().Be("6");
        int.Parse(HeaderOf(response, $"x-litellm-key-remaining-tokens-{Model}")!).Should().BeInRange(850, 899);
        HeaderOf(response, "x-ratelimit-limit-requests").Should().Be("7");
        HeaderOf(response, "x-ratelimit-remaining-requests").Should().Be("6");
        HeaderOf(response, "x-ratelimit-limit-tokens").Should().Be("900");
    }

    [Test]
    public async Task A_slot_comes_back_from_a_cut_stream_and_from_an_answer_that_is_too_late()
    {
        using var client = Gateway.With(await Gateway.CreateKeyAsync(new() { ["max_parallel_requests"] = 1 }));
        Provider.Answer = async (context, _) =>
        {
            await FakeProvider.Stream(context, OpenAiBodies.Chunk("cut"));
            context.Abort();
        };
        try
        {
            using var cut = await client.PostAsync("/v1/chat/completions", new StringContent("""{"model":"gpt-4o-mini","stream":true,"messages":[]}"""));
        }
        catch (HttpRequestException)
        {
            // How it ends is not the question here.
        }

        Provider.Answer = (context, _) => Task.Delay(Timeout.InfiniteTimeSpan, context.RequestAborted);
        using var late = await client.PostAsync("/v1/chat/completions", new StringContent("""{"model":"gpt-4o-mini","timeout":0.2,"messages":[]}"""));
        Provider.Answer = (context, _) => FakeProvider.Json(context, OpenAiBodies.Chat("Hello!"));
        using var next = await client.PostAsync("/v1/chat/completions", new StringContent(Body));

        (late.StatusCode, next.StatusCode).Should().Be((HttpStatusCode.GatewayTimeout, HttpStatusCode.OK));
    }

    [TestCase("RpmLimit", 1, "requests")]
    [TestCase("TpmLimit", 5, "tokens")]
    [TestCase("MaxParallelRequests", 0, "max_parallel_requests")]
    public async Task The_whole_gateway_has_limits_too(string limit, int value, string type)
    {
        Gateway.Folder.WriteConfig(TestClusters.At(Provider.Address, Model), new JsonObject { ["Limits"] = new JsonObject { [limit] = value } });
        await Gateway.LogBecomesAsync("Applied the changed configuration");

        using var first = await Gateway.Admin.PostAsync("/v1/chat/completions", new StringContent(Body));
        using var second = await Client.PostAsync("/v1/chat/completions", new StringContent(Body));

        (first.StatusCode, second.StatusCode).Should().Be((value == 0 ? HttpStatusCode.TooManyRequests : HttpStatusCode.OK, HttpStatusCode.TooManyRequests));
        var error = JsonNode.Parse(await second.Content.ReadAsStringAsync())!["error"]!;
        (error["scope"]!.GetValue<string>(), error["rate_limit_type"]!.GetValue<string>()).Should().Be(("proxy", type));
        HeaderOf(second, "rate_limit_type").Should().Be(type);
    }

    [Test]
    public async Task A_budget_refusal_names_scope_id_spend_limit_and_reset_and_the_spend_shows_on_the_next_request()
    {
        Provider.Answer = (context, _) => FakeProvider.Json(context, OpenAiBodies.Chat("Hello!", prompt: 4, completion: 6));
        var key = await Gateway.CreateKeyAsync(new() { ["max_budget"] = 0.00001, ["budget_duration"] = "1d" });
        using var client = Gateway.With(key);
        (await client.PostAsync("/v1/chat/completions", new StringContent(Body))).StatusCode.Should().Be(HttpStatusCode.OK);

        var info = JsonNode.Parse(await Gateway.Admin.GetStringAsync($"/key/info?key={key}"))!["info"]!;
        using var refusal = await client.PostAsync("/v1/chat/completions", new StringContent(Body));

        info["spend"]!.GetValue<decimal>().Should().Be(0.00001m);
        refusal.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        refusal.Headers.RetryAfter.Should().BeNull();
        var error = JsonNode.Parse(await refusal.Content.ReadAsStringAsync())!["error"]!;
        (error["type"]!.GetValue<string>(), error["code"]!.GetValue<string>(), error["scope"]!.GetValue<string>()).Should().Be(("budget_exceeded", "400", "key"));
        (error["spend"]!.GetValue<decimal>(), error["limit"]!.GetValue<decimal>()).Should().Be((0.00001m, 0.00001m));
        error["message"]!.GetValue<string>().Should().StartWith("Budget has been exceeded! Current cost: 0.00001, Max budget: 0.00001");
        DateTimeOffset.Parse(error["reset_at"]!.GetValue<string>(), System.Globalization.CultureInfo.InvariantCulture).TimeOfDay.Should().Be(TimeSpan.Zero);
        error["id"]!.GetValue<string>().Should().Be(info["token"]?.GetValue<string>() ?? error["id"]!.GetValue<string>()).And.NotContain(key);
    }

    [Test]
    public async Task A_refusal_by_the_provider_gives_everything_back()
    {
        Provider.Answer = (context, _) => FakeProvider.Json(context, """{"error":{"message":"no"}}""", status: 500);
        using var client = Gateway.With(await Gateway.CreateKeyAsync(new() { ["max_parallel_requests"] = 1, ["max_budget"] = 0.00003 }));

        for (var i = 0; i < 3; i++)
            (await client.PostAsync("/v1/chat/completions", new StringContent(Body))).StatusCode.Should().Be(HttpStatusCode.InternalServerError);
    }

    [Test]
    public async Task A_client_that_leaves_within_a_stream_gives_its_slot_back_and_pays_for_what_was_sent()
    {
        var cancelled = new TaskCompletionSource();
        Provider.Answer = async (context, _) =>
        {
            context.RequestAborted.Register(() => cancelled.TrySetResult());
            await FakeProvider.Stream(context, OpenAiBodies.Chunk("twelve bytes"));
            await cancelled.Task.WaitAsync(Limit);
        };
        using var client = Gateway.With(await Gateway.CreateKeyAsync(new() { ["max_parallel_requests"] = 1 }));
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
        {
            Content = new StringContent("""{"model":"gpt-4o-mini","stream":true,"messages":[]}"""),
        };
        using (var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead))
        {
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
            await reader.ReadLineAsync().WaitAsync(Limit);
            (await client.PostAsync("/v1/chat/completions", new StringContent(Body))).StatusCode.Should().Be(HttpStatusCode.TooManyRequests);
        }

        await cancelled.Task.WaitAsync(Limit);
        Provider.Answer = (context, _) => FakeProvider.Json(context, OpenAiBodies.Chat("Hello!"));

        var status = await Eventually.BecomesAsync(
            async () => (await client.PostAsync("/v1/chat/completions", new StringContent(Body))).StatusCode, status => status == HttpStatusCode.OK);

        status.Should().Be(HttpStatusCode.OK);
        (await Gateway.LedgerAsync()).Single(row => row.Outcome == "Aborted").Cost.Should().BePositive();
    }

    [Test]
    public async Task The_whole_gateway_has_a_budget_that_holds_for_the_master_key_too()
    {
        Gateway.Folder.WriteConfig(TestClusters.At(Provider.Address, Model), new JsonObject
        {
            ["Limits"] = new JsonObject { ["MaxBudget"] = 0.000001, ["BudgetDuration"] = "1d", ["TimeZone"] = "Europe/Berlin" },
            ["Prices"] = Sections["Prices"]!.DeepClone(),
        });
        await Gateway.LogBecomesAsync("Applied the changed configuration");

        using var first = await Gateway.Admin.PostAsync("/v1/chat/completions", new StringContent(Body));
        using var second = await Gateway.Admin.PostAsync("/v1/chat/completions", new StringContent(Body));
        using var third = await Client.PostAsync("/v1/chat/completions", new StringContent(Body));

        (first.StatusCode, second.StatusCode, third.StatusCode).Should().Be((HttpStatusCode.OK, HttpStatusCode.BadRequest, HttpStatusCode.BadRequest));
        var error = JsonNode.Parse(await second.Content.ReadAsStringAsync())!["error"]!;
        (error["scope"]!.GetValue<string>(), error["type"]!.GetValue<string>()).Should().Be(("proxy", "budget_exceeded"));
        error["reset_at"].Should().NotBeNull();
        (await Gateway.QueryAsync<long>("select case when budget_reset_at > 0 then 1 else 0 end from account where kind = 'proxy'")).Should().Equal(1);
    }

    private static string? HeaderOf(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) ? values.Single() : null;
}
