using System.Text.Json.Nodes;
using FluentAssertions;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Proxy.Management.Access;
using Proxy.Tests.Databases;
using Proxy.Tests.Logging;
using Proxy.Tests.Management;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Gateway;

/// <summary>What only the whole program can change is in the audit too: models, dead letters, what providers keep.</summary>
[OnEachEngine]
internal sealed class HostAuditTests
{
    private const string Secret = "upstream-secret-of-the-audit";

    /// <summary>Those that the management API alone does not have; a new one must be added to a test here.</summary>
    private static readonly string[] Changing =
    [
        "POST /logging/dead-letters/retry", "POST /logging/dead-letters/purge", "POST /model/new", "POST /model/update", "POST /model/delete", "PATCH /model/id/update",
    ];

    private FakeProvider _provider = null!;
    private FakeLangfuse _langfuse = null!;
    private TestGateway _gateway = null!;

    [SetUp]
    public async Task StartAsync()
    {
        (_provider, _langfuse) = (await FakeProvider.StartAsync(), await FakeLangfuse.StartAsync());
        _gateway = await TestGateway.StartAsync(TestClusters.At(_provider.Address));
    }

    [TearDown]
    public async Task StopAsync()
    {
        if (_gateway is not null) await _gateway.DisposeAsync();
        if (_langfuse is not null) await _langfuse.DisposeAsync();
        if (_provider is not null) await _provider.DisposeAsync();
    }

    [Test]
    public async Task Models_are_shown_as_their_answers_with_no_secret()
    {
        var made = await _gateway.PostAsync("/model/new", new JsonObject
        {
            ["model_name"] = "fresh",
            ["litellm_params"] = new JsonObject { ["model"] = "openai/gpt-4o", ["api_base"] = $"{_provider.Address}v1", ["api_key"] = Secret },
        });
        var id = made["model_id"]!.GetValue<string>();
        var changed = await _gateway.PostAsync("/model/update", new JsonObject
        {
            ["model_info"] = new JsonObject { ["id"] = id },
            ["litellm_params"] = new JsonObject { ["api_key"] = Secret + "-2", ["rpm"] = 5 },
        });
        await _gateway.PostAsync("/model/delete", new JsonObject { ["id"] = id });

        var entries = await ListAsync("table_name=LiteLLM_ProxyModelTable");

        entries.Select(entry => $"{entry["action"]} {entry["object_id"]}").Should().Equal($"deleted {id}", $"updated {id}", $"created {id}");
        Shown(entries[2]["updated_values"]).Should().Be(Shown(made));
        Shown(entries[1]["before_value"]).Should().Be(Shown(made));
        Shown(entries[1]["updated_values"]).Should().Be(Shown(changed));
        (entries[2]["before_value"], entries[0]["updated_values"]).Should().Be((null, null));
        entries[1]["before_value"]!["credentials"]!.ToString().Should().NotBe(entries[1]["updated_values"]!["credentials"]!.ToString());
        new JsonArray([.. entries.Select(entry => entry.DeepClone())]).ToJsonString().Should().NotContain(Secret);
    }

    [Test]
    public async Task Dead_letters_that_are_sent_again_or_thrown_away_are_counted_with_who_did_it()
    {
        _langfuse.Answer = static export => Task.FromResult(new FakeAnswer(export.Spans.Count > 0 ? 400 : 200));
        var team = await _gateway.CreateTeamAsync();
        await _gateway.LogToAsync(team, _langfuse.AddProject("red").Target);
        using var client = _gateway.With(await _gateway.CreateKeyAsync(new() { ["team_id"] = team }));
        for (var call = 0; call < 2; call++) (await client.PostAsync("/v1/chat/completions", new StringContent("""{"model":"demo","messages":[]}"""))).Dispose();
        await DeadLettersAsync(2);

        await _gateway.PostAsync("/logging/dead-letters/retry");
        await DeadLettersAsync(2);
        var one = (await _gateway.QueryAsync<long>("select min(id) from dead_letter")).Single();
        await _gateway.PostAsync("/logging/dead-letters/purge", new JsonObject { ["id"] = one });
        await _gateway.PostAsync("/logging/dead-letters/purge", new JsonObject { ["id"] = one });
        await _gateway.PostAsync("/logging/dead-letters/purge", new JsonObject { ["all"] = true });

        var entries = await ListAsync("table_name=dead_letter");
        entries.Select(entry => $"{entry["action"]} {entry["object_id"]} {entry["updated_values"]!["count"]} {entry["changed_by"]}").Should().Equal(
            "purged * 1 default_user_id", $"purged {one} 1 default_user_id", "retried * 2 default_user_id");
    }

    [Test]
    public async Task No_endpoint_of_the_host_is_forgotten()
    {
        await using var server = await ManagementServer.StartAsync();

        ChangingIn(_gateway.Services).Except(ChangingIn(server.Services)).Should().BeEquivalentTo(Changing);
    }

    [Test]
    public async Task It_is_switched_off_in_the_configuration()
    {
        await using var gateway = await TestGateway.StartAsync(sections: new JsonObject { ["Management"] = new JsonObject { ["Audit"] = false, ["AuditDays"] = 30 } });
        await gateway.CreateTeamAsync();

        JsonNode.Parse(await gateway.Admin.GetStringAsync("/audit"))!["total"]!.GetValue<int>().Should().Be(0);
    }

    /// <remarks>Without dates, which the database keeps to the millisecond.</remarks>
    private static string Shown(JsonNode? values)
    {
        var fields = values!.DeepClone().AsObject();
        foreach (var name in (string[])["credentials", "created_at", "updated_at"]) fields.Remove(name);
        return fields.ToJsonString();
    }

    private static IEnumerable<string> ChangingIn(IServiceProvider services) =>
        (from endpoint in services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
         where endpoint.Metadata.GetMetadata<AccessPolicy>()?.Rule is AccessRule.Admin or AccessRule.OrganizationManager or AccessRule.Manager
         from method in endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods
         where method != "GET"
         select $"{method} {ManagementPaths.Of(endpoint)}").Distinct();

    private async Task DeadLettersAsync(long count) => (await Eventually.BecomesAsync(
        () => _gateway.QueryAsync<long>("select count(*) from dead_letter"), rows => rows.Single() == count)).Single().Should().Be(count);

    private async Task<List<JsonNode>> ListAsync(string query) =>
        [.. JsonNode.Parse(await _gateway.Admin.GetStringAsync($"/audit?page_size=100&{query}"))!["audit_logs"]!.AsArray().Select(entry => entry!)];
}
