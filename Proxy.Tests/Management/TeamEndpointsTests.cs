using FluentAssertions;
using NUnit.Framework;
using Proxy.Tests.Databases;

namespace Proxy.Tests.Management;

[OnEachEngine]
internal sealed class TeamEndpointsTests
{
    [Test]
    public async Task A_team_is_kept_and_shown_with_its_keys()
    {
        await using var server = await ManagementServer.StartAsync();
        var teamId = await server.CreateTeamAsync("""
            "team_alias": "core", "models": ["gpt-4o"], "max_budget": 5, "tpm_limit": 7, "metadata": {"a": 1}, "tags": ["t"]
            """);
        await server.CreateKeyAsync($""" "team_id": "{teamId}", "key_alias": "of-the-team" """);

        var (status, body) = await server.Admin.GetJsonAsync($"/team/info?team_id={teamId}");

        var team = body.GetProperty("team_info");
        status.Should().Be(200);
        Guid.TryParse(teamId, out _).Should().BeTrue();
        team.GetProperty("team_alias").GetString().Should().Be("core");
        team.GetProperty("max_budget").GetDecimal().Should().Be(5);
        team.GetProperty("spend").GetDecimal().Should().Be(0);
        team.GetProperty("blocked").GetBoolean().Should().BeFalse();
        team.GetProperty("metadata").ToString().Should().Be("""{"a":1,"tags":["t"]}""");
        team.GetProperty("members_with_roles")[0].GetProperty("user_id").GetString().Should().Be("default_user_id");
        body.GetProperty("keys")[0].GetProperty("key_alias").GetString().Should().Be("of-the-team");
        body.GetProperty("keys")[0].TryGetProperty("token", out _).Should().BeFalse();
        body.GetProperty("team_memberships").GetArrayLength().Should().Be(0);
    }

    [Test]
    public async Task An_id_belongs_to_one_team()
    {
        await using var server = await ManagementServer.StartAsync();
        await server.CreateTeamAsync(""" "team_id": "t-1" """);

        var answer = await server.Admin.PostAsync("/team/new", """{"team_id": "t-1"}""");

        answer.Refusal().Should().Be((400, "invalid_request_error", "team_id"));
        answer.Message().Should().Be("Team id = t-1 already exists. Please use a different team id.");
    }

    [Test]
    public async Task Info_needs_a_team_that_exists()
    {
        await using var server = await ManagementServer.StartAsync();

        (await server.Admin.GetJsonAsync("/team/info")).Refusal().Should().Be((422, "invalid_request_error", "team_id"));
        (await server.Admin.GetJsonAsync("/team/info?team_id=x")).Refusal().Should().Be((404, "not_found_error", "team_id"));
    }

    [Test]
    public async Task A_key_sees_its_own_team_and_no_other()
    {
        await using var server = await ManagementServer.StartAsync();
        await server.CreateTeamAsync(""" "team_id": "t-1" """);
        await server.CreateTeamAsync(""" "team_id": "t-2" """);
        using var client = server.With(await server.CreateKeyAsync(""" "team_id": "t-1" """));

        var own = await client.GetJsonAsync("/team/info?team_id=t-1");
        var other = await client.GetJsonAsync("/team/info?team_id=t-2");
        var nobodys = await client.GetJsonAsync("/team/info?team_id=t-3");

        own.Status.Should().Be(200);
        other.Refusal().Should().Be((403, "auth_error", "team_id"));
        nobodys.Refusal().Should().Be(other.Refusal());
    }

    [Test]
    public async Task A_block_of_a_team_is_effective_on_the_next_request_of_its_keys()
    {
        await using var server = await ManagementServer.StartAsync();
        await server.CreateTeamAsync(""" "team_id": "t-1" """);
        using var client = server.With(await server.CreateKeyAsync(""" "team_id": "t-1" """));
        (await client.GetJsonAsync("/key/info")).Status.Should().Be(200);

        var blocked = await server.Admin.PostAsync("/team/block", """{"team_id": "t-1"}""");
        var refused = await client.GetJsonAsync("/key/info");
        await server.Admin.PostAsync("/team/unblock", """{"team_id": "t-1"}""");
        var admitted = await client.GetJsonAsync("/key/info");

        blocked.Body.GetProperty("blocked").GetBoolean().Should().BeTrue();
        refused.Refusal().Should().Be((401, "auth_error", null));
        refused.Message().Should().Be("Authentication Error, Team=t-1 is blocked. Update via `/team/unblock` if your admin.");
        admitted.Status.Should().Be(200);
        (await server.Admin.PostAsync("/team/block", """{"team_id": "x"}""")).Status.Should().Be(404);
    }

    [Test]
    public async Task A_member_needs_a_role_and_a_name()
    {
        await using var server = await ManagementServer.StartAsync();

        var answer = await server.Admin.PostAsync("/team/new", """{"members_with_roles": [{"role": "king"}]}""");

        answer.Refusal().Should().Be((422, "invalid_request_error", "members_with_roles"));
        answer.Message().Should().Contain("'role' must be one of").And.Contain("needs 'user_id' or 'user_email'");
    }
}
