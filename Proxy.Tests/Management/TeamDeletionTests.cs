using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Proxy.Management.Budgets;
using Proxy.Tests.Databases;

namespace Proxy.Tests.Management;

/// <summary>Teams that go, and members who leave: with their keys, and with what they could use.</summary>
[OnEachEngine]
internal sealed class TeamDeletionTests
{
    private ManagementServer _server = null!;

    [SetUp]
    public async Task StartAsync() => _server = await ManagementServer.StartAsync();

    [TearDown]
    public async Task StopAsync() => await _server.DisposeAsync();

    [Test]
    public async Task A_team_goes_with_its_keys_which_are_refused_at_once_and_calls_under_way_settle()
    {
        await _server.CreateTeamAsync(""" "team_id": "t-1", "max_budget": 100, "model_max_budget": {"gpt-4o": 50} """);
        await _server.CreateTeamAsync(""" "team_id": "t-2" """);
        await _server.Admin.PostAsync("/user/new", """{"user_id": "u-1", "auto_create_key": false, "teams": ["t-1", "t-2"]}""");
        await _server.Admin.PostAsync("/team/member_add", """{"team_id": "t-1", "member": {"role": "user", "user_id": "u-1"}, "max_budget_in_team": 5}""");
        var warm = await _server.CreateKeyAsync(""" "team_id": "t-1", "user_id": "u-1" """);
        var cold = await _server.CreateKeyAsync(""" "team_id": "t-1" """);
        var old = await _server.CreateKeyAsync(""" "team_id": "t-1" """);
        var regenerated = (await _server.Admin.PostAsync("/key/regenerate", $$"""{"key": "{{old}}", "grace_period": "1d"}""")).Body.GetProperty("key").GetString()!;
        var other = await _server.CreateKeyAsync(""" "team_id": "t-2" """);
        (await _server.CallAsync(warm, 3)).Should().BeNull();
        (await _server.CallAsync(old)).Should().BeNull();
        (await _server.CallAsync(other)).Should().BeNull();
        var (caller, reservation, _) = await _server.BeginCallAsync(warm);

        var (status, body) = await _server.Admin.PostAsync("/team/delete", """{"team_ids": ["t-1"]}""");

        (status, body.ToString()).Should().Be((200, """{"deleted_teams":["t-1"]}"""));
        foreach (var key in (string[])[warm, cold, old, regenerated]) (await _server.CallAsync(key))!.Type.Should().Be("token_not_found_in_db");
        (await _server.CallAsync(other)).Should().BeNull();
        await _server.EndCallAsync(caller!, reservation!, 2);
        (await _server.Admin.GetJsonAsync("/team/info?team_id=t-1")).Status.Should().Be(404);
        (await _server.Admin.GetJsonAsync("/key/list")).Body.GetProperty("total_count").GetInt64().Should().Be(1);
        (await _server.Admin.GetJsonAsync("/key/list?team_id=t-1")).Body.GetProperty("total_count").GetInt64().Should().Be(0);
        (await _server.Admin.GetJsonAsync("/user/info?user_id=u-1")).Body.GetProperty("teams").ToString().Should().Be("""["t-2"]""");
        (await _server.Admin.GetJsonAsync("/global/spend")).Body.GetProperty("spend").GetDecimal().Should().Be(5);
    }

    [Test]
    public async Task A_new_team_of_an_old_id_begins_with_nothing()
    {
        await _server.CreateTeamAsync(""" "team_id": "t-1", "max_budget": 3 """);
        await _server.Admin.PostAsync("/team/member_add", """{"team_id": "t-1", "member": {"role": "user", "user_id": "u-1"}, "max_budget_in_team": 1}""");
        await _server.CallAsync(await _server.CreateKeyAsync(""" "team_id": "t-1", "user_id": "u-1" """), 3);
        await _server.Admin.PostAsync("/team/delete", """{"team_ids": ["t-1"]}""");

        await _server.CreateTeamAsync(""" "team_id": "t-1", "max_budget": 4 """);

        var key = await _server.CreateKeyAsync(""" "team_id": "t-1", "user_id": "u-1" """);
        (await _server.CallAsync(key, 3)).Should().BeNull();
        (await _server.CallAsync(key, 1)).Should().BeNull();
        var team = (await _server.Admin.GetJsonAsync("/team/info?team_id=t-1")).Body;
        team.GetProperty("team_info").GetProperty("spend").GetDecimal().Should().Be(4);
        (await _server.CallAsync(key))!.Scope!.Scope.Should().Be("team");
    }

    [TestCase("""{"team_ids": ["t-1", "nobody"]}""", 404, "not_found_error")]
    [TestCase("""{"team_ids": []}""", 422, "invalid_request_error")]
    public async Task Teams_go_all_that_are_named_or_none(string body, int status, string type)
    {
        await _server.CreateTeamAsync(""" "team_id": "t-1" """);
        var key = await _server.CreateKeyAsync(""" "team_id": "t-1" """);

        var field = status == 404 ? "team_id" : "team_ids";
        (await _server.Admin.PostAsync("/team/delete", body)).Refusal().Should().Be((status, type, field));

        (await _server.CallAsync(key)).Should().BeNull();
        (await _server.Admin.PostAsync("/team/delete", """{"team_ids": ["t-1", "t-1"]}""")).Status.Should().Be(200);
    }

    [Test]
    public async Task A_member_who_leaves_takes_their_keys_of_the_team_with_them_and_no_others()
    {
        await _server.CreateTeamAsync(""" "team_id": "t-1" """);
        await _server.Admin.PostAsync("/team/member_add", """{"team_id": "t-1", "member": [{"user_id": "u-1"}, {"user_email": "ada@example.com"}], "max_budget_in_team": 1}""");
        var inTeam = await _server.CreateKeyAsync(""" "team_id": "t-1", "user_id": "u-1" """);
        var own = await _server.CreateKeyAsync(""" "user_id": "u-1" """);
        var service = await _server.CreateKeyAsync(""" "team_id": "t-1" """);

        (await _server.CallAsync(inTeam)).Should().BeNull();

        var left = await _server.Admin.PostAsync("/team/member_delete", """{"team_id": "t-1", "user_id": "u-1"}""");
        var second = await _server.Admin.PostAsync("/team/member_delete", """{"team_id": "t-1", "user_email": "ada@example.com"}""");

        (left.Status, second.Status).Should().Be((200, 200));
        second.Body.GetProperty("members_with_roles").EnumerateArray().Select(member => member.GetProperty("user_id").GetString()).Should().Equal("default_user_id");
        (await _server.CallAsync(inTeam))!.Type.Should().Be("token_not_found_in_db");
        (await _server.CallAsync(own)).Should().BeNull();
        (await _server.CallAsync(service)).Should().BeNull();
        (await _server.Admin.GetJsonAsync("/team/info?team_id=t-1")).Body.GetProperty("team_memberships").GetArrayLength().Should().Be(0);
        (await _server.Admin.PostAsync("/team/member_delete", """{"team_id": "t-1", "user_id": "u-1"}""")).Message().Should().Be("User not found in team");
        (await _server.Admin.PostAsync("/team/member_delete", """{"team_id": "t-1"}""")).Refusal().Should().Be((422, "invalid_request_error", "user_id"));
        (await _server.Admin.PostAsync("/team/member_delete", """{"team_id": "nobody", "user_id": "u-1"}""")).Status.Should().Be(404);
        _server.Services.GetRequiredService<AccountRing>().FindLoaded(AccountId.OfMember("t-1", "u-1"))!.Terms.MaxBudget.Should().BeNull();
    }
}
