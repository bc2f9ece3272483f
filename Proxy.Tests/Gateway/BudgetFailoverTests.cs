using System.Net;
using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Tests.Databases;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Gateway;

/// <summary>A call that goes on to a dearer model holds what that may cost, in the scopes of that model, or does not go on.</summary>
[OnEachEngine]
internal sealed class BudgetFailoverTests
{
    private const string Body = """{"model":"cheap","max_tokens":100,"messages":[]}""";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private FakeProvider _cheap = null!;
    private FakeProvider _dear = null!;
    private TestGateway _gateway = null!;

    [SetUp]
    public async Task StartAsync()
    {
        (_cheap, _dear) = (await FakeProvider.StartAsync(), await FakeProvider.StartAsync());
        _dear.Answer = (context, _) => FakeProvider.Json(context, OpenAiBodies.Chat("Hello!", prompt: 0, completion: 100));
        var clusters = TestClusters.At(_cheap.Address, "cheap");
        clusters["cheap"]!["Metadata"] = new JsonObject { ["Fallbacks"] = "dear", ["Retries"] = "0", ["AccessGroups"] = "all" };
        clusters["dear"] = TestClusters.At(_dear.Address, "dear")["dear"]!.DeepClone();
        JsonObject Price(decimal output) => new() { ["InputCostPerToken"] = 0, ["OutputCostPerToken"] = output };
        _gateway = await TestGateway.StartAsync(clusters, new JsonObject { ["Prices"] = new JsonObject { ["cheap"] = Price(0.0001m), ["dear"] = Price(0.01m) } });
    }

    [TearDown]
    public async Task StopAsync()
    {
        await _gateway.DisposeAsync();
        await _cheap.DisposeAsync();
        await _dear.DisposeAsync();
    }

    [Test]
    public async Task A_dearer_fallback_that_does_not_fit_beside_a_call_under_way_is_passed_over()
    {
        var (isUnderWay, end) = (new TaskCompletionSource(), new TaskCompletionSource());
        using var client = _gateway.With(await _gateway.CreateKeyAsync(new() { ["max_budget"] = 0.5 }));
        _cheap.Answer = async (context, _) =>
        {
            isUnderWay.SetResult();
            await end.Task.WaitAsync(Limit);
            await FakeProvider.Json(context, OpenAiBodies.Chat("Hello!", prompt: 0, completion: 1));
        };
        var other = client.PostAsync("/v1/chat/completions", new StringContent(Body));
        await isUnderWay.Task.WaitAsync(Limit);
        _cheap.Answer = (context, _) => FakeProvider.Json(context, OpenAiBodies.Error("down"), 500);

        using var passedOver = await client.PostAsync("/v1/chat/completions", new StringContent(Body));
        end.SetResult();
        (await other).StatusCode.Should().Be(HttpStatusCode.OK);
        var calls = _dear.Calls.Count;
        using var alone = await client.PostAsync("/v1/chat/completions", new StringContent(Body));

        (passedOver.StatusCode, calls).Should().Be((HttpStatusCode.InternalServerError, 0));
        (alone.StatusCode, alone.Headers.GetValues("x-litellm-model-id").Single()).Should().Be((HttpStatusCode.OK, "dear/first"));
        (await client.PostAsync("/v1/chat/completions", new StringContent(Body))).StatusCode.Should().Be(HttpStatusCode.BadRequest);
    }

    [Test]
    public async Task A_fallback_counts_in_the_budget_of_its_own_model_and_not_in_that_of_the_one_asked_for()
    {
        _cheap.Answer = (context, _) => FakeProvider.Json(context, OpenAiBodies.Error("down"), 500);
        using var client = _gateway.With(await _gateway.CreateKeyAsync(new() { ["model_max_budget"] = new JsonObject { ["cheap"] = 5, ["dear"] = 0.9 } }));

        using var first = await client.PostAsync("/v1/chat/completions", new StringContent(Body));
        using var second = await client.PostAsync("/v1/chat/completions", new StringContent(Body));

        (first.StatusCode, second.StatusCode, _dear.Calls.Count).Should().Be((HttpStatusCode.OK, HttpStatusCode.InternalServerError, 1));
        (await _gateway.QueryAsync<string>("select replace(id, '\u001f', '/') || ' ' || spend from account where kind = 'model_per_key'"))
            .Select(row => row.Split('/')[1]).Should().Equal("dear 1000000000000");
    }

    [Test]
    public async Task A_fallback_that_the_client_names_by_its_own_alias_is_that_model()
    {
        _cheap.Answer = (context, _) => FakeProvider.Json(context, OpenAiBodies.Error("down"), 500);
        using var client = _gateway.With(await _gateway.CreateKeyAsync(new()
        {
            ["models"] = new JsonArray("cheap", "dear"),
            ["aliases"] = new JsonObject { ["second"] = "dear", ["cheap2"] = "none" },
        }));

        using var served = await client.PostAsync("/v1/chat/completions", new StringContent("""{"model":"cheap","fallbacks":["second"],"messages":[]}"""));
        using var denied = await client.PostAsync("/v1/chat/completions", new StringContent("""{"model":"cheap","fallbacks":["cheap2"],"messages":[]}"""));

        (served.StatusCode, served.Headers.GetValues("x-litellm-model-id").Single()).Should().Be((HttpStatusCode.OK, "dear/first"));
        (denied.StatusCode, await denied.Content.ReadAsStringAsync()).Should().Match<(HttpStatusCode Status, string Body)>(
            answer => answer.Status == HttpStatusCode.Unauthorized && answer.Body.Contains("Tried to access none"));
    }
}
