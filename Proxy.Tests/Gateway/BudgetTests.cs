using System.Net;
using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Tests.Databases;
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
    public async Task A_call_counts_in_every_scope_in_the_commit_that_records_it()
    {
        await Gateway.CreateTeamAsync(new() { ["team_id"] = "t-1", ["organization_id"] = "o-1" });
        using var client = Gateway.With(await Gateway.CreateKeyAsync(new() { ["team_id"] = "t-1", ["user_id"] = "u-1", ["tags"] = new JsonArray("of-key") }));
        var body = """{"model":"gpt-4o-mini","user":"c-1","tags":["asked"],"messages":[]}""";

        (await client.PostAsync("/v1/chat/completions", new StringContent(body))).StatusCode.Should().Be(HttpStatusCode.OK);

        var cost = (await Gateway.LedgerAsync()).Single().Cost;
        cost.Should().BePositive();
        (await Gateway.QueryAsync<string>("select kind || ' ' || replace(id, '\u001f', '/') || ' ' || spend from account order by kind, id")).Should().Equal(
            $"end_user c-1 {cost}", $"organization o-1 {cost}", $"proxy proxy {cost}", $"tag asked {cost}", $"tag of-key {cost}", $"team_member t-1/u-1 {cost}", $"user u-1 {cost}");
        (await Gateway.QueryAsync<long>("select spend from team")).Should().Equal(cost);
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
