using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Proxy.Management.Keys;
using Proxy.Tests.Databases;

namespace Proxy.Tests.Management;

/// <summary>The operator's rules of who makes keys, and of what their requests must state.</summary>
[OnEachEngine]
internal sealed class KeyCreationTests
{
    private static readonly string[] Tags = ["tags"];

    private ManagementServer _server = null!;
    private HttpClient _user = null!;
    private HttpClient _teamAdmin = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _server = await ManagementServer.StartAsync();
        await _server.CreateTeamAsync(""" "team_id": "t-1", "members_with_roles": [{"role": "admin", "user_id": "u-admin"}, {"role": "user", "user_id": "u-1"}] """);
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
    public async Task Keys_of_a_team_are_made_by_the_roles_that_may_and_by_admins_of_the_gateway()
    {
        Apply(new KeyCreation { Team = new KeyCreationRule(["admin"], []) });

        var refused = await _user.PostAsync("/key/generate", """{"team_id": "t-1"}""");
        refused.Refusal().Should().Be((400, "auth_error", "team_id"));
        refused.Message().Should().Be("Team member role user not in allowed_team_member_roles=['admin']");
        (await _teamAdmin.PostAsync("/key/generate", """{"team_id": "t-1"}""")).Status.Should().Be(200);
        (await _teamAdmin.PostAsync("/key/service-account/generate", """{"team_id": "t-1"}""")).Status.Should().Be(200);
        (await _server.Admin.PostAsync("/key/generate", """{"team_id": "t-1"}""")).Status.Should().Be(200);
        (await _user.PostAsync("/key/generate", "{}")).Status.Should().Be(200, "the rule is for keys of teams");
        (await CountAsync("team_id=t-1")).Should().Be(3);

        Apply(new KeyCreation { Team = new KeyCreationRule(["user"], []) });
        (await _teamAdmin.PostAsync("/key/generate", """{"team_id": "t-1"}""")).Message().Should().Be("Team member role admin not in allowed_team_member_roles=['user']");
        (await _user.PostAsync("/key/generate", """{"team_id": "t-1"}""")).Status.Should().Be(200);
    }

    [Test]
    public async Task Who_looks_after_the_organisation_of_a_team_counts_as_its_admin()
    {
        await _server.Admin.PostAsync("/organization/new", """{"organization_id": "o-1", "organization_alias": "o"}""");
        await _server.Admin.PostAsync("/team/update", """{"team_id": "t-1", "organization_id": "o-1"}""");
        using var owner = await UserAsync("u-owner", "org_admin");
        var (status, added) = await _server.Admin.PostAsync("/organization/member_add", """{"organization_id": "o-1", "member": {"role": "org_admin", "user_id": "u-owner"}}""");
        status.Should().Be(200, added.ToString());
        Apply(new KeyCreation { Team = new KeyCreationRule(["admin"], []) });

        var (made, body) = await owner.PostAsync("/key/generate", """{"team_id": "t-1"}""");

        made.Should().Be(200, body.ToString());
    }

    [Test]
    public async Task Keys_of_no_team_are_made_by_the_roles_that_may_admins_not_excepted()
    {
        Apply(new KeyCreation { Personal = new KeyCreationRule(["proxy_admin"], []) });

        var refused = await _user.PostAsync("/key/generate", "{}");
        refused.Refusal().Should().Be((400, "auth_error", "team_id"));
        refused.Message().Should().Be("Personal key creation has been restricted by admin. Allowed roles=['proxy_admin']. Your role=internal_user");
        (await _server.Admin.PostAsync("/key/generate", """{"user_id": "u-1"}""")).Status.Should().Be(200);
        (await _user.PostAsync("/key/generate", """{"team_id": "t-1"}""")).Status.Should().Be(200);

        Apply(new KeyCreation { Personal = new KeyCreationRule(["internal_user"], []) });
        (await _server.Admin.PostAsync("/key/generate", "{}")).Message().Should().Contain("Your role=proxy_admin");
        (await _user.PostAsync("/key/generate", "{}")).Status.Should().Be(200);
    }

    [Test]
    public async Task No_key_gets_by_a_change_to_where_its_user_may_make_none()
    {
        var team = (await _user.PostAsync("/key/generate", """{"team_id": "t-1"}""")).Body.GetProperty("key").GetString();
        var personal = (await _user.PostAsync("/key/generate", "{}")).Body.GetProperty("key").GetString();
        Apply(new KeyCreation { Team = new KeyCreationRule(["admin"], []), Personal = new KeyCreationRule(["proxy_admin"], []) });

        (await _user.PostAsync("/key/update", $$"""{"key": "{{team}}", "team_id": null}""")).Message().Should().StartWith("Personal key creation has been restricted");
        (await _user.PostAsync("/key/update", $$"""{"key": "{{personal}}", "team_id": "t-1"}""")).Message().Should().StartWith("Team member role user not in");
        (await _user.PostAsync("/key/update", $$"""{"key": "{{team}}", "key_alias": "still-mine"}""")).Status.Should().Be(200);
        (await CountAsync("team_id=t-1")).Should().Be(1);
    }

    [Test]
    public async Task No_admin_takes_a_key_out_of_its_team_where_admins_may_make_none_of_no_team()
    {
        var key = await _server.CreateKeyAsync(""" "team_id": "t-1", "user_id": "u-1" """);
        Apply(new KeyCreation { Personal = new KeyCreationRule(["internal_user"], []) });

        (await _server.Admin.PostAsync("/key/update", $$"""{"key": "{{key}}", "team_id": null}""")).Refusal().Should().Be((400, "auth_error", "team_id"));
        var bulk = await _server.Admin.PostAsync("/key/bulk_update", $$"""{"keys": [{"key": "{{key}}", "team_id": null}]}""");
        bulk.Body.GetProperty("failed_updates").GetArrayLength().Should().Be(1, bulk.Body.ToString());
        (await _server.Admin.PostAsync("/key/update", $$"""{"key": "{{key}}", "key_alias": "stays"}""")).Status.Should().Be(200);
        (await CountAsync("team_id=t-1")).Should().Be(1);
    }

    [TestCase("tags", """ "tags": ["a"] """)]
    [TestCase("max_budget", """ "max_budget": 0 """)]
    [TestCase("key_alias", """ "key_alias": "a" """)]
    [TestCase("metadata", """ "metadata": {"a": 1} """)]
    public async Task What_must_be_stated_is_missed_by_its_name_also_where_a_default_would_fill_it(string name, string stated)
    {
        var rule = new KeyCreationRule(Roles: null, [name]);
        _server.Services.GetRequiredService<KeyGenerationRules>().Apply(new KeyGenerationSettings
        {
            Defaults = new KeyDefaults { MaxBudget = 5, Metadata = """{"b": 2}""" },
            Creation = new KeyCreation { Team = rule, Personal = rule },
        });

        foreach (var (path, team) in new[] { ("/key/generate", ""), ("/key/generate", """ "team_id": "t-1" """), ("/key/service-account/generate", """ "team_id": "t-1" """) })
        {
            foreach (var empty in (string[])["", $"\"{name}\": null"])
                (await _teamAdmin.PostAsync(path, Body(team, empty))).Refusal().Should().Be((400, "auth_error", name), $"{path} {team} {empty}");

            var (status, made) = await _teamAdmin.PostAsync(path, Body(team, stated.Replace("\"a\" ", $"\"{path}{team.Length}\" ", StringComparison.Ordinal)));
            status.Should().Be(200, made.ToString());
        }

        (await _server.Admin.PostAsync("/key/generate", """{"team_id": "t-1"}""")).Status.Should().Be(200, "admins of the gateway make keys of teams as they like");
        (await _server.Admin.PostAsync("/key/generate", "{}")).Refusal().Param.Should().Be(name);
    }

    [Test]
    public async Task An_empty_list_or_text_states_nothing()
    {
        Apply(new KeyCreation { Personal = new KeyCreationRule(Roles: null, ["tags", "key_alias"]) });

        (await _user.PostAsync("/key/generate", """{"tags": [], "key_alias": "x"}""")).Refusal().Param.Should().Be("tags");
        foreach (var blank in (string[])["", "  "])
            (await _user.PostAsync("/key/generate", $$"""{"tags": ["x"], "key_alias": "{{blank}}"}""")).Refusal().Param.Should().Be("key_alias");
    }

    [Test]
    public async Task A_default_team_makes_it_a_key_of_that_team()
    {
        _server.Services.GetRequiredService<KeyGenerationRules>().Apply(new KeyGenerationSettings
        {
            Defaults = new KeyDefaults { TeamId = "t-1" },
            Creation = new KeyCreation { Team = new KeyCreationRule(["user"], Tags), Personal = new KeyCreationRule([], ["max_budget"]) },
        });

        (await _user.PostAsync("/key/generate", "{}")).Refusal().Param.Should().Be("tags");
        (await _user.PostAsync("/key/generate", """{"tags": ["a"]}""")).Body.GetProperty("team_id").GetString().Should().Be("t-1");
    }

    [Test]
    public async Task The_key_of_a_new_user_is_nobodys_way_round_the_rule()
    {
        Apply(new KeyCreation { Personal = new KeyCreationRule(["internal_user"], ["tags"]) });

        var refused = await _server.Admin.PostAsync("/user/new", """{"user_id": "u-new"}""");
        refused.Message().Should().StartWith("Personal key creation has been restricted");
        (await _server.Admin.GetJsonAsync("/user/info?user_id=u-new")).Status.Should().Be(404, "neither is made");
        (await _server.Admin.PostAsync("/user/new", """{"user_id": "u-new", "auto_create_key": false}""")).Status.Should().Be(200);
    }

    private static string Body(params string[] parts) => $"{{{string.Join(", ", parts.Where(part => part.Length > 0))}}}";

    private void Apply(KeyCreation creation) =>
        _server.Services.GetRequiredService<KeyGenerationRules>().Apply(new KeyGenerationSettings { Creation = creation });

    private async Task<int> CountAsync(string filter) =>
        (await _server.Admin.GetJsonAsync($"/key/list?{filter}")).Body.GetProperty("total_count").GetInt32();

    private async Task<HttpClient> UserAsync(string id, string role = "internal_user")
    {
        await _server.Admin.PostAsync("/user/new", $$"""{"user_id": "{{id}}", "user_role": "{{role}}", "auto_create_key": false}""");
        return _server.With(await _server.CreateKeyAsync($""" "user_id": "{id}" """));
    }
}
