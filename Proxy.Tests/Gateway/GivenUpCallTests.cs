using System.Net;
using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Gateway;

/// <summary>Who had the whole of a call and was not waited for bills its prompt, and so does the gateway.</summary>
[FixtureLifeCycle(LifeCycle.SingleInstance)]
internal sealed class GivenUpCallTests
{
    /// <summary>Its text is 13 bytes, which are taken for 4 tokens.</summary>
    private const string Messages = """["ten bytes"]""";

    /// <summary>A thousandth of a dollar for each of 4 tokens, in 10⁻¹² dollars.</summary>
    private const long Prompt = 4_000_000_000;

    /// <summary>Long enough for a provider to have the call by then, also on a busy machine.</summary>
    private const string Soon = "00:00:01.500";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private FakeProvider _first = null!;
    private FakeProvider _second = null!;
    private TestGateway _gateway = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        (_first, _second) = (await FakeProvider.StartAsync(), await FakeProvider.StartAsync());
        var nowhere = await FakeProvider.StartAsync();
        var clusters = new JsonObject
        {
            ["one"] = Cluster("0", "00:10:00", _first.Address),
            ["two"] = Cluster("1", Soon, _first.Address, _second.Address),
            ["gone"] = Cluster("0", "00:10:00", nowhere.Address),
        };
        await nowhere.DisposeAsync();
        var prices = new JsonObject();
        foreach (var (model, _) in clusters) prices[model] = new JsonObject { ["InputCostPerToken"] = 0.001, ["OutputCostPerToken"] = 0.01 };
        _gateway = await TestGateway.StartAsync(clusters, new JsonObject { ["Prices"] = prices });
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        await _gateway.DisposeAsync();
        await _first.DisposeAsync();
        await _second.DisposeAsync();
    }

    [SetUp]
    public void Forget()
    {
        _first.Calls.Clear();
        _second.Calls.Clear();
        _first.Answer = _second.Answer = WaitAsync;
    }

    [Test]
    public async Task A_client_that_leaves_before_the_first_byte_pays_for_its_prompt([Values] bool isStream, [Values] bool hasHead)
    {
        var arrived = new TaskCompletionSource();
        _first.Answer = async (context, call) =>
        {
            if (hasHead) await context.Response.StartAsync();
            arrived.TrySetResult();
            await WaitAsync(context, call);
        };
        var key = await _gateway.CreateKeyAsync(new() { ["max_budget"] = 0.004 });
        using var client = _gateway.With(key);
        using var leaving = new CancellationTokenSource();
        var call = client.PostAsync("/v1/chat/completions", Body("one", $$""","stream":{{(isStream ? "true" : "false")}}"""), leaving.Token);
        await arrived.Task.WaitAsync(Limit);

        await leaving.CancelAsync();
        await FluentActions.Awaiting(() => call).Should().ThrowAsync<OperationCanceledException>();

        (await RowAsync(key)).Should().Be(("Aborted", Prompt, 4, true));
        (await client.PostAsync("/v1/chat/completions", Body("one"))).StatusCode.Should().Be(HttpStatusCode.BadRequest, "the budget is used up");
        _first.Calls.Should().ContainSingle();
    }

    [Test]
    public async Task A_call_whose_time_runs_out_pays_for_its_prompt()
    {
        var (status, row) = await AskAsync("one", ""","timeout":1.5""");

        (status, row).Should().Be((HttpStatusCode.GatewayTimeout, ("Failure", Prompt, 4, true)));
    }

    [TestCase("""[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,DATA"}}]}]""", 1619)]
    [TestCase("""[{"role":"user","content":"data:image/png;base64,DATA"}]""", 10_008)]
    public async Task A_picture_counts_as_one_and_a_text_that_looks_like_one_as_a_text(string messages, long tokens)
    {
        using var client = _gateway.With(await _gateway.CreateKeyAsync());
        var body = $$"""{"model":"one","timeout":1.5,"messages":{{messages.Replace("DATA", new string('A', 40_000 - 22))}}}""";
        using var response = await client.PostAsync("/v1/chat/completions", new StringContent(body));

        var spent = await _gateway.QueryAsync<long>("select input_tokens from spend_log order by call_id desc limit 1");
        (response.StatusCode, spent.Single()).Should().Be((HttpStatusCode.GatewayTimeout, tokens));
    }

    [Test]
    public async Task Both_attempts_that_are_late_are_paid_for()
    {
        var (status, row) = await AskAsync("two");

        (status, row).Should().Be((HttpStatusCode.GatewayTimeout, ("Failure", 2 * Prompt, 4, true)));
    }

    [Test]
    public async Task An_attempt_that_is_late_is_paid_for_beside_the_answer_of_another_whose_usage_alone_is_told()
    {
        _second.Answer = (context, _) => FakeProvider.Json(context, OpenAiBodies.Chat("Hello!", prompt: 100, completion: 10));

        var (status, row) = await AskAsync("two");

        // 100 tokens asked of each, and 10 answered.
        (status, row).Should().Be((HttpStatusCode.OK, ("Success", 300_000_000_000, 110, false)));
    }

    [Test]
    public async Task Who_refuses_or_breaks_off_or_is_not_there_costs_nothing()
    {
        _first.Answer = (context, _) => FakeProvider.Json(context, OpenAiBodies.Error("no"), 500);
        var refused = await AskAsync("one");
        _first.Answer = (context, _) =>
        {
            context.Abort();
            return Task.CompletedTask;
        };
        var broken = await AskAsync("one");
        var gone = await AskAsync("gone");

        foreach (var (_, row) in new[] { refused, broken, gone }) row.Should().Be(("Failure", 0, 0, false));
    }

    [Test]
    public async Task A_second_attempt_holds_a_second_prompt_or_is_not_made()
    {
        var key = await _gateway.CreateKeyAsync(new() { ["max_budget"] = 0.03 });
        using var client = _gateway.With(key);
        var held = client.PostAsync("/v1/chat/completions", Body("one", ""","max_tokens":1"""));
        await Eventually.BecomesAsync(() => Task.FromResult(_first.Calls.Count), calls => calls == 1);

        // Each holds 0.014, so there is no room for 0.004 more.
        using var late = await client.PostAsync("/v1/chat/completions", Body("two", ""","max_tokens":1"""));

        (late.StatusCode, _first.Calls.Count, _second.Calls.Count).Should().Be((HttpStatusCode.GatewayTimeout, 2, 0));
        held.IsCompleted.Should().BeFalse();
        client.CancelPendingRequests();
        await FluentActions.Awaiting(() => held).Should().ThrowAsync<OperationCanceledException>();
    }

    private async Task<(HttpStatusCode Status, (string Outcome, long Cost, long Tokens, bool IsEstimated) Row)> AskAsync(string model, string more = "")
    {
        var key = await _gateway.CreateKeyAsync();
        using var client = _gateway.With(key);
        using var response = await client.PostAsync("/v1/chat/completions", Body(model, more));
        return (response.StatusCode, await RowAsync(key));
    }

    /// <summary>The one call of a key, once it is recorded.</summary>
    private async Task<(string Outcome, long Cost, long Tokens, bool IsEstimated)> RowAsync(string key)
    {
        var hash = Proxy.Management.Keys.KeyHash.Of(key).ToString();
        var spend = () => _gateway.QueryAsync<(string, long, long, bool)>($"""
            select case outcome when 0 then 'Success' when 1 then 'Failure' when 3 then 'Aborted' else 'other' end, cost, input_tokens + output_tokens, is_estimated
            from spend_log
            where lower(hex(key_hash)) = '{hash}'
            """);
        return (await Eventually.BecomesAsync(spend, rows => rows.Count > 0)).Single();
    }

    private static StringContent Body(string model, string more = "") => new($$"""{"model":"{{model}}","messages":{{Messages}}{{more}}}""");

    private static async Task WaitAsync(Microsoft.AspNetCore.Http.HttpContext context, ProviderCall call)
    {
        try
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, context.RequestAborted);
        }
        catch (OperationCanceledException)
        {
            // It was given up.
        }
    }

    private static JsonObject Cluster(string retries, string firstByte, params Uri[] providers) => new()
    {
        ["LoadBalancingPolicy"] = "FirstAlphabetical",
        ["Metadata"] = new JsonObject { ["Retries"] = retries, ["FirstByteTimeout"] = firstByte, ["AllowedFails"] = "1000" },
        ["Destinations"] = new JsonObject(providers.Select((provider, index) =>
            KeyValuePair.Create<string, JsonNode?>($"d{index + 1}", new JsonObject { ["Address"] = $"{provider}v1", ["Metadata"] = new JsonObject { ["Order"] = $"{index}" } }))),
    };
}
