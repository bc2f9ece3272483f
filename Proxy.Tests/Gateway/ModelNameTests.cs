using System.Net;
using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Gateway;

/// <summary>A model may have many names. What a key or a team may use of it is one, and names that are sent as different models are.</summary>
[FixtureLifeCycle(LifeCycle.SingleInstance)]
internal sealed class ModelNameTests
{
    private FakeProvider _provider = null!;
    private TestGateway _gateway = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _provider = await FakeProvider.StartAsync();
        _provider.Answer = (context, _) => FakeProvider.Json(context, OpenAiBodies.Chat("Hello!", prompt: 1, completion: 1));
        _gateway = await TestGateway.StartAsync(
            new JsonObject
            {
                ["one"] = Cluster("one, uno", "gpt-1"),
                ["many"] = Cluster("first, second", null),
                ["rest"] = Cluster("any/*, also/*", "*"),
                ["more"] = Cluster("any/more*", "*"),
            },
            new JsonObject { ["ModelGroupAlias"] = new JsonObject { ["eins"] = "one", ["latest"] = "any/big" } });
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        await _gateway.DisposeAsync();
        await _provider.DisposeAsync();
    }

    [TestCase("one", "uno", "eins")]
    [TestCase("uno", "eins", "one")]
    [TestCase("eins", "one", "uno")]
    [TestCase("any/big", "also/big", "latest")]
    [TestCase("also/big", "latest", "any/big")]
    [TestCase("latest", "any/big", "also/big")]
    public async Task A_limit_of_a_model_holds_by_whatever_name_it_is_asked_for(string stated, string asked, string other)
    {
        foreach (var owner in new[] { "key", "team" })
        {
            var limit = new JsonObject { ["model_rpm_limit"] = new JsonObject { [stated] = 2 } };
            if (owner == "team") limit = new JsonObject { ["team_id"] = await _gateway.CreateTeamAsync(limit) };
            using var client = _gateway.With(await _gateway.CreateKeyAsync(limit));

            (await AskAsync(client, asked), await AskAsync(client, other), await AskAsync(client, asked), await AskAsync(client, stated))
                .Should().Be((HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.TooManyRequests, HttpStatusCode.TooManyRequests), owner);
        }
    }

    [TestCase("first", "second")]
    [TestCase("any/big", "any/small")]
    [TestCase("any/mores", "also/mores")]
    public async Task Names_that_are_sent_as_different_models_have_limits_of_their_own(string stated, string other)
    {
        using var client = _gateway.With(await _gateway.CreateKeyAsync(new() { ["model_rpm_limit"] = new JsonObject { [stated] = 1 } }));

        (await AskAsync(client, stated), await AskAsync(client, other), await AskAsync(client, other), await AskAsync(client, stated))
            .Should().Be((HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.TooManyRequests));
    }

    private JsonObject Cluster(string names, string? model)
    {
        var metadata = new JsonObject { ["ApiKey"] = TestClusters.FakeProviderKey };
        if (model is not null) metadata["Model"] = model;
        var cluster = TestClusters.Cluster($"{_provider.Address}v1", metadata);
        cluster["Metadata"] = new JsonObject { ["Models"] = names };
        return cluster;
    }

    private static async Task<HttpStatusCode> AskAsync(HttpClient client, string model)
    {
        using var answer = await client.PostAsync("/v1/chat/completions", new StringContent($$"""{"model":"{{model}}","messages":[]}"""));
        return answer.StatusCode;
    }
}
