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
        clusters["gpt-4o-mini"]!["Metadata"] = new JsonObject { ["AccessGroups"] = "small, cheap, spare" };
        clusters["open"] = TestClusters.Cluster($"{_provider.Address}v1", new JsonObject { ["Model"] = "gpt-4o" });
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

    [TestCase("""{"models": ["gpt-4o-mini"]}""", null, 200)]
    [TestCase("""{"models": ["cheap"]}""", null, 200)]
    [TestCase("""{"models": ["other"]}""", "user_model_access_denied", 401)]
    [TestCase("""{"models": ["no-default-models"]}""", "user_model_access_denied", 401)]
    [TestCase("""{"models": []}""", null, 200)]
    public async Task A_users_models_bound_the_users_own_keys_and_not_those_of_a_team(string user, string? type, int status)
    {
        var stated = JsonNode.Parse(user)!.AsObject();
        stated["user_id"] = "u-1";
        stated["auto_create_key"] = false;
        await _gateway.PostAsync("/user/new", stated);
        await _gateway.CreateTeamAsync(new() { ["team_id"] = "t-1" });
        using var own = _gateway.With(await _gateway.CreateKeyAsync(new() { ["user_id"] = "u-1" }));
        using var teams = _gateway.With(await _gateway.CreateKeyAsync(new() { ["user_id"] = "u-1", ["team_id"] = "t-1" }));

        using var response = await own.PostAsync("/v1/chat/completions", new StringContent(Body));
        var listed = (await own.GetStringAsync("/v1/models")).Contains("gpt-4o-mini");
        using var ofTeam = await teams.PostAsync("/v1/chat/completions", new StringContent(Body));
        await _gateway.PostAsync("/user/update", new() { ["user_id"] = "u-1", ["models"] = new JsonArray("gpt-4o-mini") });
        using var after = await own.PostAsync("/v1/chat/completions", new StringContent(Body));

        ((int)response.StatusCode, listed, (int)ofTeam.StatusCode, (int)after.StatusCode).Should().Be((status, status == 200, 200, 200));
        if (type is not null) (await response.Content.ReadAsStringAsync()).Should().Contain($"\"{type}\"");
    }

    [Test]
    public async Task An_organisations_models_bound_its_teams()
    {
        await _gateway.PostAsync("/organization/new", new() { ["organization_id"] = "o-1", ["organization_alias"] = "o", ["models"] = new JsonArray("other") });
        await _gateway.CreateTeamAsync(new() { ["team_id"] = "t-1", ["organization_id"] = "o-1" });
        using var client = _gateway.With(await _gateway.CreateKeyAsync(new() { ["team_id"] = "t-1" }));

        using var before = await client.PostAsync("/v1/chat/completions", new StringContent(Body));
        await _gateway.PostAsync("/organization/update", new() { ["organization_id"] = "o-1", ["models"] = new JsonArray("small") });
        using var after = await client.PostAsync("/v1/chat/completions", new StringContent(Body));

        (before.StatusCode, after.StatusCode).Should().Be((HttpStatusCode.Unauthorized, HttpStatusCode.OK));
        (await before.Content.ReadAsStringAsync()).Should().Contain("org_model_access_denied");
    }

    [TestCase("all-team-models", "cheap", null)]
    [TestCase("all-team-models", "other", "team_model_access_denied")]
    [TestCase("no-default-models", "cheap", "key_model_access_denied")]
    [TestCase("spare", "spare", null)]
    public async Task A_fallback_is_checked_as_a_model_is_by_group_team_and_special_names(string key, string team, string? type)
    {
        // What the client names is refused before anything is sent; the model that it asks for is open to all.
        await _gateway.CreateTeamAsync(new() { ["team_id"] = "t-1", ["models"] = new JsonArray(team, "open") });
        using var client = _gateway.With(await _gateway.CreateKeyAsync(new() { ["team_id"] = "t-1", ["models"] = new JsonArray(key, "open") }));

        using var response = await client.PostAsync(
            "/v1/chat/completions", new StringContent("""{"model":"open","messages":[],"fallbacks":["gpt-4o-mini"]}"""));

        (await response.Content.ReadAsStringAsync()).Contains("model_access_denied").Should().Be(type is not null);
        if (type is not null) (await response.Content.ReadAsStringAsync()).Should().Contain(type);
        _provider.Calls.Count.Should().Be(type is null ? 1 : 0);
    }

    [Test]
    public async Task Tags_in_the_metadata_of_key_and_team_are_theirs_too()
    {
        await _gateway.CreateTeamAsync(new() { ["team_id"] = "t-1", ["metadata"] = new JsonObject { ["tags"] = new JsonArray("team-meta") } });
        using var client = _gateway.With(await _gateway.CreateKeyAsync(new() { ["team_id"] = "t-1", ["metadata"] = new JsonObject { ["tags"] = new JsonArray("key-meta") } }));

        (await client.PostAsync("/v1/chat/completions", new StringContent("""{"model":"gpt-4o-mini","messages":[]}"""))).StatusCode.Should().Be(HttpStatusCode.OK);

        (await _gateway.QueryAsync<string>("select tags from spend_log")).Should().Equal("""["key-meta","team-meta"]""");
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
    public async Task A_customer_of_512_characters_is_counted_and_a_longer_one_is_refused_wherever_it_stands([Values("body", "form", "messages", "x-litellm-customer-id", "x-litellm-end-user-id")] string place)
    {
        using var client = _gateway.With(await _gateway.CreateKeyAsync());
        var customer = new string('c', 512);

        var known = await AskAsync(customer);
        var refused = await AskAsync(customer + "d");
        var hidden = place is "body" or "messages" ? await AskAsync("a\\u0000b") : refused;

        (known, refused, hidden).Should().Be((HttpStatusCode.OK, HttpStatusCode.BadRequest, HttpStatusCode.BadRequest));
        (await _gateway.QueryAsync<string>("select id from account where kind = 'end_user'")).Should().Equal(customer);

        async Task<HttpStatusCode> AskAsync(string user)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, place switch { "form" => "/v1/images/edits", "messages" => "/v1/messages", _ => "/v1/chat/completions" });
            request.Content = place switch
            {
                "form" => new MultipartFormDataContent { { new StringContent("gpt-4o-mini"), "model" }, { new StringContent("A cat"), "prompt" }, { new StringContent(user), "user" } },
                "messages" => new StringContent($$"""{"model":"gpt-4o-mini","max_tokens":5,"metadata":{"user_id":"{{user}}"},"messages":[{"role":"user","content":"ten bytes"}]}"""),
                "body" => new StringContent($$"""{"model":"gpt-4o-mini","user":"{{user}}","messages":["ten bytes"]}"""),
                _ => new StringContent("""{"model":"gpt-4o-mini","messages":["ten bytes"]}"""),
            };
            if (place.StartsWith("x-", StringComparison.Ordinal)) request.Headers.Add(place, user);
            using var response = await client.SendAsync(request);
            return response.StatusCode;
        }
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

    [Test]
    public async Task A_client_with_many_tags_does_not_get_round_the_budget_of_its_keys_tag()
    {
        await _gateway.PostAsync("/tag/new", new() { ["name"] = "of-key", ["max_budget"] = 0 });
        using var client = _gateway.With(await _gateway.CreateKeyAsync(new() { ["tags"] = new JsonArray("of-key") }));
        var tags = string.Join(',', Enumerable.Range(0, 60).Select(number => $"\"t-{number}\""));

        using var response = await client.PostAsync("/v1/chat/completions", new StringContent($$"""{"model":"gpt-4o-mini","tags":[{{tags}}],"messages":[]}"""));

        response.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        (await response.Content.ReadAsStringAsync()).Should().Contain("\"scope\":\"tag\"");
    }

    [Test]
    public async Task What_only_the_gateway_may_set_stays_here()
    {
        using var client = _gateway.With(await _gateway.CreateKeyAsync());
        var body = """
            {"model":"gpt-4o-mini","user_api_key_hash":"forged","langfuse_secret_key":"forged","_response_ms":1,"temperature":0.5,
             "metadata":{"user_api_key_alias":"forged","langfuse_host":"forged","_tags":["forged"],"tags":["mine"]},"messages":[]}
            """;

        (await client.PostAsync("/v1/chat/completions", new StringContent(body))).StatusCode.Should().Be(HttpStatusCode.OK);

        var sent = _provider.Calls.Single().Body;
        sent.Should().Contain("temperature").And.NotContain("forged").And.NotContain("user_api_key").And.NotContain("langfuse_").And.NotContain("_response_ms");
        (await _gateway.QueryAsync<string>("select tags from spend_log")).Should().Equal("""["mine"]""");
        (await _gateway.QueryAsync<long>("select count(*) from spend_log where key_hash is null")).Should().Equal(0);
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
    public async Task A_model_with_a_deployment_without_a_price_is_refused_too_and_passed_over_as_a_fallback()
    {
        var clusters = TestClusters.At(_provider.Address, "open", new JsonObject { ["Model"] = "gpt-4o" });
        clusters["open"]!["Metadata"] = new JsonObject { ["Fallbacks"] = "mixed, spare", ["Retries"] = "0" };
        clusters["mixed"] = TestClusters.Cluster($"{_provider.Address}v1", new JsonObject { ["Model"] = "gpt-4o" });
        clusters["mixed"]!["Destinations"]!["second"] = TestClusters.Cluster($"{_provider.Address}v1", new JsonObject { ["Model"] = "unknown-to-all" })["Destinations"]!["first"]!.DeepClone();
        clusters["spare"] = TestClusters.Cluster($"{_provider.Address}v1", new JsonObject { ["Model"] = "gpt-4o" });
        _gateway.Folder.WriteConfig(clusters, new JsonObject { ["UnpricedModels"] = "refuse" });
        await _gateway.LogBecomesAsync("Applied the changed configuration");
        _provider.Answer = (context, _) => FakeProvider.Json(context, _provider.Calls.Count == 1 ? OpenAiBodies.Error("down") : OpenAiBodies.Chat("Hello!"), _provider.Calls.Count == 1 ? 500 : 200);
        using var client = _gateway.With(await _gateway.CreateKeyAsync());

        using var fallback = await client.PostAsync("/v1/chat/completions", new StringContent("""{"model":"open","messages":[]}"""));
        using var mixed = await client.PostAsync("/v1/chat/completions", new StringContent("""{"model":"mixed","messages":[]}"""));

        fallback.Headers.GetValues("x-litellm-model-id").Should().Equal("spare/first");
        mixed.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        _provider.Calls.Count.Should().Be(2);
    }

    [Test]
    public async Task A_client_says_how_long_the_first_byte_of_a_stream_may_take([Values] bool isStream)
    {
        _provider.Answer = async (context, _) =>
        {
            if (isStream) await Task.Delay(Timeout.InfiniteTimeSpan, context.RequestAborted);
            else await FakeProvider.Json(context, OpenAiBodies.Chat("Hello!"));
        };
        using var client = _gateway.With(await _gateway.CreateKeyAsync());
        client.DefaultRequestHeaders.Add("x-litellm-stream-timeout", isStream ? "0.3" : "0.000001");
        client.DefaultRequestHeaders.Add("x-litellm-num-retries", "0");

        using var response = await client.PostAsync("/v1/chat/completions", new StringContent($$"""{"model":"open","stream":{{(isStream ? "true" : "false")}},"messages":[]}"""));

        response.StatusCode.Should().Be(isStream ? HttpStatusCode.GatewayTimeout : HttpStatusCode.OK);
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
