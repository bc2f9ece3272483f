using System.Net;
using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Gateway;

/// <summary>Aliases, access groups, tags and customers: what a call is counted as, and whether it may be made.</summary>
internal sealed class SteeringTests
{
    private const string Body = """{"model":"gpt-4o-mini","user":"of-body","tags":["of-body"],"metadata":{"tags":["of-metadata"]},"messages":[]}""";

    private FakeProvider _provider = null!;
    private TestGateway _gateway = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _provider = await FakeProvider.StartAsync();
        var clusters = TestClusters.At(_provider.Address, "gpt-4o-mini");
        clusters["gpt-4o-mini"]!["Metadata"] = new JsonObject { ["AccessGroups"] = "small, cheap" };
        clusters["unknown-to-all"] = TestClusters.Cluster($"{_provider.Address}v1");
        _gateway = await TestGateway.StartAsync(clusters, new JsonObject { ["UnpricedModels"] = "refuse" });
    }

    [TearDown]
    public async Task StopAsync()
    {
        await _gateway.DisposeAsync();
        await _provider.DisposeAsync();
    }

    [TestCase("cheap", 200)]
    [TestCase("other-group", 401)]
    [TestCase("no-default-models", 401)]
    [TestCase("gpt-4*", 200)]
    public async Task A_key_may_use_what_its_access_groups_hold(string models, int status)
    {
        using var client = _gateway.With(await _gateway.CreateKeyAsync(new() { ["models"] = new JsonArray(models) }));

        using var response = await client.PostAsync("/v1/chat/completions", new StringContent(Body));
        var listed = JsonNode.Parse(await client.GetStringAsync("/v1/models"))!["data"]!.AsArray();

        ((int)response.StatusCode).Should().Be(status);
        listed.Any(model => model!["id"]!.GetValue<string>() == "gpt-4o-mini").Should().Be(status == 200);
    }

    [Test]
    public async Task An_alias_of_the_key_goes_before_one_of_the_team_and_access_is_checked_after_it()
    {
        await _gateway.CreateTeamAsync(new() { ["team_id"] = "t-1", ["model_aliases"] = new JsonObject { ["fast"] = "no-such-model", ["quick"] = "gpt-4o-mini" } });
        using var client = _gateway.With(await _gateway.CreateKeyAsync(new()
        {
            ["team_id"] = "t-1",
            ["models"] = new JsonArray("gpt-4o-mini"),
            ["aliases"] = new JsonObject { ["fast"] = "gpt-4o-mini" },
        }));

        foreach (var alias in (string[])["fast", "quick"])
        {
            using var response = await client.PostAsync("/v1/chat/completions", new StringContent($$"""{"model":"{{alias}}","messages":[]}"""));
            response.StatusCode.Should().Be(HttpStatusCode.OK, alias);
        }

        _provider.Calls.Select(call => call.Json["model"]!.GetValue<string>()).Should().Equal("gpt-4o-mini", "gpt-4o-mini");
    }

    [Test]
    public async Task Tags_come_together_and_the_customer_of_the_header_wins()
    {
        using var client = _gateway.With(await _gateway.CreateKeyAsync(new() { ["tags"] = new JsonArray("of-key") }));
        client.DefaultRequestHeaders.Add("x-litellm-tags", "of-header, second");
        client.DefaultRequestHeaders.Add("x-litellm-customer-id", "of-header");
        client.DefaultRequestHeaders.Add("x-litellm-spend-logs-metadata", """{"project": "p"}""");

        (await client.PostAsync("/v1/chat/completions", new StringContent(Body))).StatusCode.Should().Be(HttpStatusCode.OK);

        (await _gateway.QueryAsync<string>("select end_user || ' ' || tags from spend_log"))
            .Should().Equal("""of-header ["of-body","of-metadata","of-header","second","of-key"]""");
        (await _gateway.QueryAsync<string>("select id from account where kind = 'tag' order by id")).Should().Equal("of-body", "of-header", "of-key", "of-metadata", "second");
    }

    [TestCase("x-litellm-spend-logs-metadata", "[1]")]
    [TestCase("x-litellm-spend-logs-metadata", "{")]
    public async Task A_steering_header_that_cannot_be_read_is_refused(string name, string value)
    {
        using var client = _gateway.With(await _gateway.CreateKeyAsync());
        client.DefaultRequestHeaders.Add(name, value);

        (await client.PostAsync("/v1/chat/completions", new StringContent(Body))).StatusCode.Should().Be(HttpStatusCode.BadRequest);
    }

    [Test]
    public async Task A_model_without_a_price_is_refused_where_that_is_asked_for()
    {
        using var client = _gateway.With(await _gateway.CreateKeyAsync());

        using var response = await client.PostAsync("/v1/chat/completions", new StringContent("""{"model":"unknown-to-all","messages":[]}"""));

        response.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        (await response.Content.ReadAsStringAsync()).Should().Contain("has no price");
        _provider.Calls.Should().BeEmpty();
    }
}
