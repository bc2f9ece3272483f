using FluentAssertions;
using NUnit.Framework;
using Proxy.Tests.Databases;

namespace Proxy.Tests.Management;

/// <summary>Whose keys somebody may make, change, see and take over who is no admin of the gateway.</summary>
[OnEachEngine]
internal sealed class KeyRightsTests
{
    private ManagementServer _server = null!;
    private HttpClient _user = null!;
    private HttpClient _teamAdmin = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _server = await ManagementServer.StartAsync();
        await _server.CreateTeamAsync("""
            "team_id": "t-1", "members_with_roles": [{"role": "admin", "user_id": "u-admin"}, {"role": "user", "user_id": "u-1"}, {"role": "user", "user_id": "u-2"}]
            """);
        await _server.CreateTeamAsync(""" "team_id": "t-foreign" """);
        _user = await UserAsync("u-1");
        _teamAdmin = await UserAsync("u-admin");
    }

    [TearDown]
    public async Task StopAsync()
    {
        _user.Dispose();
        _teamAdmin.Dispose();
        await _server.DisposeAsync();
    }

    [Test]
    public async Task A_user_makes_keys_for_themselves_alone()
    {
        var (status, made) = await _user.PostAsync("/key/generate", """{"max_budget": 5, "team_id": "t-1"}""");
        status.Should().Be(200, made.ToString());
        made.GetProperty("user_id").GetString().Should().Be("u-1");

        foreach (var (body, param) in new[]
        {
            ("""{"user_id": "u-2"}""", "user_id"), ("""{"team_id": "t-foreign"}""", "team_id"), ("""{"team_id": "none"}""", "team_id"), ("""{"spend": 0}""", "spend"),
            ("""{"organization_id": "o"}""", "organization_id"), ("""{"budget_id": "b"}""", "budget_id"), ("""{"permissions": {"get_spend_routes": true}}""", "permissions"),
            ("""{"blocked": false}""", "blocked"),
            ("""{"metadata": {"logging": [{"callback_name": "langfuse", "callback_vars": {"langfuse_public_key": "p", "langfuse_secret_key": "s"}}]}}""", "metadata.logging"),
        })
        {
            var answer = await _user.PostAsync("/key/generate", body);
            answer.Status.Should().BeOneOf([400, 403], body);
            answer.Refusal().Param.Should().Be(param);
        }

        (await _user.PostAsync("/key/service-account/generate", """{"team_id": "t-1"}""")).Status.Should().Be(403);
        (await _teamAdmin.PostAsync("/key/service-account/generate", """{"team_id": "t-1"}""")).Status.Should().Be(200);
        (await _teamAdmin.PostAsync("/key/generate", """{"team_id": "t-1", "user_id": "u-2"}""")).Status.Should().Be(403, "its secret would let the admin call in another's name");
    }

    [TestCase("internal_user")]
    [TestCase("proxy_admin")]
    public async Task A_key_for_some_routes_makes_no_key_for_more_and_takes_no_secret_of_one(string role)
    {
        await _server.Admin.PostAsync("/user/new", $$"""{"user_id": "u-3", "user_role": "{{role}}", "auto_create_key": false}""");
        var free = await _server.CreateKeyAsync(""" "user_id": "u-3" """);
        using var narrow = _server.With(await _server.CreateKeyAsync(""" "user_id": "u-3", "allowed_routes": ["/key/*"] """));

        foreach (var body in (string[])["{}", """{"allowed_routes": ["llm_api_routes"]}""", """{"key_type": "llm_api"}""", """{"allowed_routes": ["/key/info", "/team/new"]}"""])
            (await narrow.PostAsync("/key/generate", body)).Refusal().Should().Be((403, "auth_error", "allowed_routes"), body);
        (await narrow.PostAsync($"/key/{free}/regenerate", "{}")).Refusal().Should().Be((403, "auth_error", "allowed_routes"));

        var (status, made) = await narrow.PostAsync("/key/generate", """{"allowed_routes": ["/key/info"]}""");
        status.Should().Be(200, made.ToString());
        var key = made.GetProperty("key").GetString();
        (await narrow.PostAsync("/key/update", $$"""{"key": "{{key}}", "allowed_routes": []}""")).Refusal().Should().Be((403, "auth_error", "allowed_routes"));
        (await narrow.PostAsync("/key/update", $$"""{"key": "{{key}}", "key_alias": "small"}""")).Status.Should().Be(200);
    }

    [Test]
    public async Task Nobody_takes_over_the_key_of_another_user()
    {
        var others = await _server.CreateKeyAsync(""" "user_id": "u-2", "team_id": "t-1" """);
        var teams = await _server.CreateKeyAsync(""" "team_id": "t-1" """);

        foreach (var client in (HttpClient[])[_user, _teamAdmin]) (await client.PostAsync($"/key/{others}/regenerate", "{}")).Status.Should().Be(403);
        (await _user.PostAsync($"/key/{teams}/regenerate", "{}")).Status.Should().Be(403);
        (await _user.PostAsync("/key/sk-nobody-has-this/regenerate", "{}")).Status.Should().Be(403);
        (await _teamAdmin.PostAsync($"/key/{teams}/regenerate", "{}")).Status.Should().Be(200);
        (await _server.AuthenticateAsync(others)).IsAllowed.Should().BeTrue();
        (await _server.AuthenticateAsync(teams)).IsAllowed.Should().BeFalse();
    }

    [Test]
    public async Task What_another_decided_of_a_key_its_user_does_not_change()
    {
        var given = await _server.CreateKeyAsync(""" "user_id": "u-1", "max_budget": 1, "blocked": true """);
        var (_, made) = await _user.PostAsync("/key/generate", """{"max_budget": 1, "models": ["a"]}""");
        var own = made.GetProperty("key").GetString()!;

        foreach (var body in (string[])["\"max_budget\": 100", "\"blocked\": false", "\"models\": []", "\"spend\": 0", "\"user_id\": \"u-2\"", "\"metadata\": {\"model_rpm_limit\": {}}"])
            (await _user.PostAsync("/key/update", $$"""{"key": "{{given}}", {{body}}}""")).Status.Should().Be(403, body);
        (await _user.PostAsync($"/key/{given}/regenerate", """{"max_budget": 100}""")).Status.Should().Be(403);
        (await _user.PostAsync("/key/unblock", $$"""{"key": "{{given}}"}""")).Status.Should().Be(403);
        (await _user.PostAsync("/key/update", $$"""{"key": "{{given}}", "key_alias": "mine"}""")).Status.Should().Be(200);

        (await _user.PostAsync("/key/update", $$"""{"key": "{{own}}", "max_budget": 2, "models": []}""")).Status.Should().Be(200);
        foreach (var body in (string[])["\"spend\": 0", "\"user_id\": \"u-2\"", "\"team_id\": \"t-foreign\"", "\"blocked\": true", "\"metadata\": {\"logging\": []}"])
            (await _user.PostAsync("/key/update", $$"""{"key": "{{own}}", {{body}}}""")).Status.Should().BeOneOf([400, 403], body);
    }

    [Test]
    public async Task Foreign_keys_are_neither_deleted_nor_blocked_and_a_team_admin_rules_the_team()
    {
        var foreign = await _server.CreateKeyAsync(""" "user_id": "u-9" """);
        var teams = await _server.CreateKeyAsync(""" "user_id": "u-2", "team_id": "t-1" """);
        var own = await _server.CreateKeyAsync(""" "user_id": "u-1" """);

        foreach (var keys in (string[])[foreign, teams, $"{own}\", \"{foreign}", "sk-nobody-has-this"])
            (await _user.PostAsync("/key/delete", $$"""{"keys": ["{{keys}}"]}""")).Status.Should().Be(403, keys);
        (await _user.PostAsync("/key/block", $$"""{"key": "{{teams}}"}""")).Status.Should().Be(403);
        (await _teamAdmin.PostAsync("/key/block", $$"""{"key": "{{foreign}}"}""")).Status.Should().Be(403);

        (await _teamAdmin.PostAsync("/key/block", $$"""{"key": "{{teams}}"}""")).Status.Should().Be(200);
        (await _teamAdmin.PostAsync("/key/update", $$"""{"key": "{{teams}}", "max_budget": 3}""")).Status.Should().Be(200);
        (await _teamAdmin.PostAsync("/key/update", $$"""{"key": "{{teams}}", "spend": 0}""")).Status.Should().Be(403);
        (await _user.PostAsync("/key/delete", $$"""{"keys": ["{{own}}"]}""")).Status.Should().Be(200);
        (await _teamAdmin.PostAsync("/key/delete", $$"""{"keys": ["{{teams}}"]}""")).Status.Should().Be(200);
    }

    [Test]
    public async Task A_list_shows_what_is_the_callers()
    {
        await _server.CreateKeyAsync(""" "user_id": "u-9", "key_alias": "foreign" """);
        await _server.CreateKeyAsync(""" "user_id": "u-2", "team_id": "t-1", "key_alias": "teams" """);
        await _server.CreateKeyAsync(""" "user_id": "u-1", "key_alias": "own" """);
        var foreign = await _server.CreateKeyAsync();

        (await AliasesAsync(_user, "")).Should().Equal("own");
        (await AliasesAsync(_user, "user_id=u-9")).Should().BeEmpty();
        (await AliasesAsync(_user, "team_id=t-1")).Should().BeEmpty();
        (await AliasesAsync(_teamAdmin, "team_id=t-1")).Should().Equal("teams");
        (await _user.GetJsonAsync("/key/aliases")).Body.GetProperty("aliases").EnumerateArray().Select(alias => alias.GetString()).Should().Equal("own");
        (await _user.PostAsync("/v2/key/info", $$"""{"keys": ["{{foreign}}"]}""")).Body.GetProperty("info").GetArrayLength().Should().Be(0);
        (await _user.PostAsync($"/key/{foreign}/reset_spend", "{}")).Status.Should().Be(401);
        (await _user.PostAsync("/key/bulk_update", "{}")).Status.Should().Be(401);
    }

    private static async Task<IEnumerable<string?>> AliasesAsync(HttpClient client, string query)
    {
        var (status, body) = await client.GetJsonAsync($"/key/list?return_full_object=true&{query}".TrimEnd('&'));
        status.Should().Be(200, body.ToString());
        return body.GetProperty("keys").EnumerateArray().Select(key => key.GetProperty("key_alias").GetString()).Where(alias => alias is not null);
    }

    private async Task<HttpClient> UserAsync(string id)
    {
        var (status, body) = await _server.Admin.PostAsync("/user/new", $$"""{"user_id": "{{id}}", "user_role": "internal_user"}""");
        status.Should().Be(200, body.ToString());
        return _server.With(body.GetProperty("key").GetString()!);
    }
}
