using System.Text.Json;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Proxy.Management.Teams;
using Proxy.Tests.Databases;

namespace Proxy.Tests.Management;

/// <summary>Which teams there are, for whom.</summary>
[OnEachEngine]
internal sealed class TeamListTests
{
    private ManagementServer _server = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _server = await ManagementServer.StartAsync();
        await _server.CreateTeamAsync(""" "team_id": "t-1", "team_alias": "Search", "organization_id": "o-1", "members_with_roles": [{"role": "user", "user_id": "u-1"}] """);
        await _server.CreateTeamAsync(""" "team_id": "t-2", "team_alias": "research", "max_budget": 5 """);
        await _server.CreateTeamAsync(""" "team_id": "t-3", "members_with_roles": [{"role": "admin", "user_id": "u-1"}], "metadata": {"secret": "canary"} """);
    }

    [TearDown]
    public async Task StopAsync() => await _server.DisposeAsync();

    [Test]
    public async Task Whole_teams_have_their_keys_and_memberships()
    {
        var key = await _server.CreateKeyAsync(""" "team_id": "t-2", "key_alias": "of-t-2" """);
        await _server.Admin.PostAsync("/team/member_add", """{"team_id": "t-1", "member": {"user_id": "u-2"}, "max_budget_in_team": 7}""");

        var teams = (await _server.Admin.GetJsonAsync("/team/list")).Body;

        Ids(teams).Should().Equal("t-1", "t-2", "t-3");
        teams[1].GetProperty("keys").EnumerateArray().Select(shown => shown.GetProperty("key_alias").GetString()).Should().Equal("of-t-2");
        teams[0].GetProperty("keys").GetArrayLength().Should().Be(0);
        teams[0].GetProperty("team_memberships")[0].GetProperty("max_budget_in_team").GetDecimal().Should().Be(7);
        teams.ToString().Should().NotContain(KeyCalls.HashOf(key), "hashes of keys are not shown");
        Ids((await _server.Admin.GetJsonAsync("/team/list?user_id=u-1")).Body).Should().Equal("t-1", "t-3");
        Ids((await _server.Admin.GetJsonAsync("/team/list?organization_id=o-1")).Body).Should().Equal("t-1");
    }

    [TestCase("", "t-1 t-2 t-3")]
    [TestCase("page_size=2&page=2", "t-3")]
    [TestCase("page=2147483647", "")]
    [TestCase("team_alias=SEARCH", "t-1 t-2")]
    [TestCase("team_alias=%25", "")]
    [TestCase("team_alias=s_arch", "")]
    [TestCase("team_id=t-2", "t-2")]
    [TestCase("user_id=u-1&sort_order=desc", "t-3 t-1")]
    [TestCase("organization_id=o-1", "t-1")]
    [TestCase("sort_by=team_alias", "t-1 t-2 t-3")]
    [TestCase("sort_by=team_alias&sort_order=desc", "t-2 t-1 t-3")]
    [TestCase("sort_by=max_budget", "t-2 t-1 t-3")]
    [TestCase("sort_by=team_id&sort_order=desc", "t-3 t-2 t-1")]
    public async Task Pages_are_filtered_and_sorted(string query, string ids)
    {
        var page = (await _server.Admin.GetJsonAsync($"/v2/team/list?{query}")).Body;

        string.Join(' ', Ids(page.GetProperty("teams"))).Should().Be(ids);
        if (query.Length == 0) (page.GetProperty("total").GetInt64(), page.GetProperty("page").GetInt32(), page.GetProperty("page_size").GetInt32(), page.GetProperty("total_pages").GetInt64()).Should().Be((3, 1, 10, 1));
        if (query == "page_size=2&page=2") (page.GetProperty("total").GetInt64(), page.GetProperty("total_pages").GetInt64()).Should().Be((3, 2));
    }

    [TestCase("/v2/team/list?teamid=t-1", 400, "bad_request_error", "teamid")]
    [TestCase("/team/list?page=1", 400, "bad_request_error", "page")]
    [TestCase("/v2/team/list?page=0", 422, "invalid_request_error", "page")]
    [TestCase("/v2/team/list?page_size=101", 422, "invalid_request_error", "page_size")]
    [TestCase("/v2/team/list?sort_by=metadata", 400, "invalid_request_error", "sort_by")]
    [TestCase("/v2/team/list?team_id=t-1&team_id=t-2", 400, "invalid_request_error", "team_id")]
    public async Task What_cannot_be_listed_is_refused_by_name(string path, int status, string type, string field) =>
        (await _server.Admin.GetJsonAsync(path)).Refusal().Should().Be((status, type, field));

    [Test]
    public async Task Others_list_their_own_teams_only_as_they_are_now()
    {
        await _server.Admin.PostAsync("/user/new", """{"user_id": "u-1", "user_role": "internal_user", "auto_create_key": false}""");
        using var user = _server.With(await _server.CreateKeyAsync(""" "user_id": "u-1" """));
        using var nobody = _server.With(await _server.CreateKeyAsync());

        foreach (var path in (string[])["/team/list", "/v2/team/list", "/team/list?user_id=u-2", "/v2/team/list?user_id=u-2", "/team/list?user_id="])
        {
            (await user.GetJsonAsync(path)).Refusal().Should().Be((401, "auth_error", "user_id"), path);
            (await nobody.GetJsonAsync(path)).Refusal().Should().Be((401, "auth_error", "user_id"), path);
        }

        (await user.GetJsonAsync("/team/list")).Message().Should().Be("Only admin users can query all teams/other teams. Your user role=internal_user");
        Ids((await user.GetJsonAsync("/team/list?user_id=u-1")).Body).Should().Equal("t-1", "t-3");
        await _server.Admin.PostAsync("/team/member_delete", """{"team_id": "t-1", "user_id": "u-1"}""");
        await _server.Admin.PostAsync("/team/update", """{"team_id": "t-2", "members_with_roles": [{"role": "user", "user_id": "u-1"}, {"role": "admin", "user_id": "u-1"}]}""");
        Ids((await user.GetJsonAsync("/v2/team/list?user_id=u-1")).Body.GetProperty("teams")).Should().Equal("t-2", "t-3");
        (await user.PostAsync("/team/member_add", """{"team_id": "t-2", "member": {"user_id": "u-3"}}""")).Status.Should().Be(200, "who stands there twice is an admin if they are one once");
    }

    [Test]
    public async Task Users_join_by_themselves_the_teams_that_the_operator_opens_and_no_others()
    {
        await _server.Admin.PostAsync("/user/new", """{"user_id": "u-9", "user_role": "internal_user", "auto_create_key": false}""");
        using var user = _server.With(await _server.CreateKeyAsync(""" "user_id": "u-9" """));
        (await user.GetJsonAsync("/team/available")).Body.GetArrayLength().Should().Be(0);
        _server.Services.GetRequiredService<OpenTeams>().Apply(["t-3", "nobody"]);

        var shown = (await user.GetJsonAsync("/team/available")).Body;
        Ids(shown).Should().Equal("t-3");
        shown.ToString().Should().NotContain("canary");
        foreach (var member in (string[])[""" "member": {"user_id": "u-9", "role": "admin"} """, """ "member": {"user_id": "u-8"} """, """ "member": [{"user_id": "u-9"}, {"user_id": "u-8"}] """, """ "member": {"user_id": "u-9"}, "max_budget_in_team": 1000 """])
            (await user.PostAsync("/team/member_add", $$"""{"team_id": "t-3", {{member}}}""")).Status.Should().Be(403, member);
        (await user.PostAsync("/team/member_add", """{"team_id": "t-2", "member": {"user_id": "u-9"}}""")).Status.Should().Be(403);
        (await user.PostAsync("/team/member_add", """{"team_id": "nobody", "member": {"user_id": "u-9"}}""")).Status.Should().Be(403);
        (await user.PostAsync("/team/member_add", """{"team_id": "t-3", "member": {"user_id": "u-9", "role": "user"}}""")).Status.Should().Be(200);
        (await user.GetJsonAsync("/team/available")).Body.GetArrayLength().Should().Be(0);
    }

    private static IEnumerable<string?> Ids(JsonElement teams) => teams.EnumerateArray().Select(team => team.GetProperty("team_id").GetString());
}
