using System.Text.Json;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Tests.Databases;

namespace Proxy.Tests.Management;

/// <summary>Who is in an organisation, what its admins may do with its teams, and what goes with it.</summary>
[OnEachEngine]
internal sealed class OrganizationTests
{
    private ManagementServer _server = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _server = await ManagementServer.StartAsync();
        foreach (var id in (string[])["o-1", "o-2"]) (await _server.Admin.PostAsync("/organization/new", $$"""{"organization_id": "{{id}}"}""")).Status.Should().Be(200);
        await _server.CreateTeamAsync(""" "team_id": "t-1", "organization_id": "o-1", "models": ["a"] """);
        await _server.CreateTeamAsync(""" "team_id": "t-2", "organization_id": "o-2", "models": ["a"] """);
    }

    [TearDown]
    public async Task StopAsync() => await _server.DisposeAsync();

    [Test]
    public async Task An_admin_of_an_organisation_is_an_admin_of_its_teams_and_of_no_others()
    {
        var (foreign, ours) = (await _server.CreateKeyAsync(""" "team_id": "t-2" """), await _server.CreateKeyAsync(""" "team_id": "t-1", "user_id": "u-9" """));
        await _server.Admin.PostAsync("/user/new", """{"user_id": "chief", "user_role": "internal_user", "auto_create_key": false}""");
        using var chief = _server.With(await _server.CreateKeyAsync(""" "user_id": "chief" """));
        (await chief.PostAsync("/team/model/add", """{"team_id": "t-1", "models": ["b"]}""")).Status.Should().Be(403);

        (await _server.Admin.PostAsync("/organization/member_add", """{"organization_id": "o-1", "member": {"role": "org_admin", "user_id": "chief"}}""")).Status.Should().Be(200);

        (await chief.PostAsync("/team/model/add", """{"team_id": "t-1", "models": ["b"]}""")).Body.GetProperty("models").ToString().Should().Be("""["a","b"]""");
        (await chief.PostAsync("/team/member_add", """{"team_id": "t-1", "member": {"user_id": "u-5"}}""")).Status.Should().Be(200);
        (await chief.GetJsonAsync("/team/info?team_id=t-1")).Status.Should().Be(200);
        (await chief.GetJsonAsync($"/key/info?key={ours}")).Status.Should().Be(200);
        (await chief.GetJsonAsync("/key/list?team_id=t-1")).Body.GetProperty("total_count").GetInt64().Should().Be(1);
        (await chief.PostAsync("/key/block", $$"""{"key": "{{ours}}"}""")).Status.Should().Be(200);
        (await chief.PostAsync("/key/regenerate", $$"""{"key": "{{ours}}"}""")).Status.Should().Be(403, "it would be another's name");
        (await chief.PostAsync("/key/generate", """{"team_id": "t-1"}""")).Status.Should().Be(200);
        (await chief.PostAsync("/organization/member_add", """{"organization_id": "o-1", "member": {"user_id": "u-6"}}""")).Status.Should().Be(200);
        Ids((await chief.GetJsonAsync("/organization/list")).Body).Should().Equal("o-1");

        foreach (var (path, body) in ((string, string)[])
        [
            ("/team/model/add", """{"team_id": "t-2", "models": ["b"]}"""),
            ("/team/member_add", """{"team_id": "t-2", "member": {"user_id": "chief"}}"""),
            ("/key/block", $$"""{"key": "{{foreign}}"}"""),
            ("/key/service-account/generate", """{"team_id": "t-2"}"""),
            ("/organization/member_add", """{"organization_id": "o-2", "member": {"role": "org_admin", "user_id": "chief"}}"""),
            ("/organization/member_update", """{"organization_id": "o-2", "user_id": "chief", "role": "org_admin"}"""),
            ("/organization/member_add", """{"organization_id": "nobody", "member": {"role": "org_admin", "user_id": "chief"}}"""),
        ]) (await chief.PostAsync(path, body)).Status.Should().BeOneOf([400, 403], "{0} {1}", path, body);
        foreach (var path in (string[])["/organization/info?organization_id=o-2", "/organization/info?organization_id=nobody", "/team/info?team_id=t-2"]) (await chief.GetJsonAsync(path)).Status.Should().Be(403, path);
        (await chief.PostAsync("/organization/update", """{"organization_id": "o-1", "max_budget": 1000}""")).Status.Should().Be(401);

        await _server.Admin.PostAsync("/organization/member_update", """{"organization_id": "o-1", "user_id": "chief", "role": "internal_user"}""");
        (await chief.PostAsync("/team/member_delete", """{"team_id": "t-1", "user_id": "u-5"}""")).Status.Should().Be(403);
        (await chief.GetJsonAsync("/organization/info?organization_id=o-1")).Status.Should().Be(200, "a member sees it");
    }

    [Test]
    public async Task An_admin_of_an_organisation_makes_changes_and_deletes_its_teams_and_no_others()
    {
        using var boss = _server.With(await _server.CreateKeyAsync(""" "user_id": "boss" """));
        await _server.Admin.PostAsync("/team/member_add", """{"team_id": "t-1", "member": {"role": "admin", "user_id": "boss"}}""");
        foreach (var path in (string[])["/team/new", "/team/update", "/team/delete", "/team/block"]) (await boss.PostAsync(path, """{"team_id": "t-1", "team_ids": ["t-1"]}""")).Status.Should().Be(401, path + " is not for the admin of a team");
        using var chief = await ChiefAsync();

        var made = await chief.PostAsync("/team/new", """{"team_id": "t-3", "organization_id": "o-1", "max_budget": 5}""");
        made.Status.Should().Be(200, made.Body.ToString());
        made.Body.GetProperty("members_with_roles").ToString().Should().Contain("\"chief\"");
        (await chief.PostAsync("/team/update", """{"team_id": "t-1", "max_budget": 7, "organization_id": "o-1"}""")).Body.GetProperty("data").GetProperty("max_budget").GetDecimal().Should().Be(7);
        (await chief.PostAsync("/team/block", """{"team_id": "t-1"}""")).Body.GetProperty("blocked").GetBoolean().Should().BeTrue();
        (await chief.PostAsync("/team/unblock", """{"team_id": "t-1"}""")).Status.Should().Be(200);

        foreach (var (path, body) in ((string, string)[])
        [
            ("/team/new", "{}"),
            ("/team/new", """{"team_id": "t-4", "organization_id": null}"""),
            ("/team/new", """{"team_id": "t-4", "organization_id": "o-2"}"""),
            ("/team/new", """{"team_id": "t-2", "organization_id": "o-2"}"""),
            ("/team/update", """{"team_id": "t-2", "max_budget": 1000}"""),
            ("/team/update", """{"team_id": "t-2", "organization_id": "o-1"}"""),
            ("/team/update", """{"team_id": "nobody", "max_budget": 1000}"""),
            ("/team/update", """{"team_id": "t-1", "organization_id": "o-2"}"""),
            ("/team/update", """{"team_id": "t-1", "organization_id": null}"""),
            ("/team/delete", """{"team_ids": ["t-1", "t-2"]}"""),
            ("/team/delete", """{"team_ids": ["t-1", "nobody"]}"""),
            ("/team/block", """{"team_id": "t-2"}"""),
            ("/team/unblock", """{"team_id": "nobody"}"""),
        ]) (await chief.PostAsync(path, body)).Status.Should().Be(403, "{0} {1}", path, body);
        var other = (await _server.Admin.GetJsonAsync("/team/info?team_id=t-2")).Body.GetProperty("team_info");
        (other.GetProperty("organization_id").GetString(), other.GetProperty("max_budget").ValueKind, other.GetProperty("blocked").GetBoolean()).Should().Be(("o-2", JsonValueKind.Null, false));
        (await _server.Admin.GetJsonAsync("/team/info?team_id=t-1")).Body.GetProperty("team_info").GetProperty("organization_id").GetString().Should().Be("o-1");

        (await chief.GetJsonAsync("/team/list?organization_id=o-1")).Body.EnumerateArray().Select(team => team.GetProperty("team_id").GetString()).Should().BeEquivalentTo("t-1", "t-3");
        (await chief.GetJsonAsync("/v2/team/list?organization_id=o-1")).Body.GetProperty("total").GetInt64().Should().Be(2);
        foreach (var path in (string[])["/team/list", "/team/list?organization_id=o-2", "/v2/team/list", "/v2/team/list?organization_id=o-2"]) (await chief.GetJsonAsync(path)).Status.Should().Be(401, path);

        (await chief.PostAsync("/team/delete", """{"team_ids": ["t-1", "t-3"]}""")).Status.Should().Be(200);
        (await _server.Admin.GetJsonAsync("/team/info?team_id=t-1")).Status.Should().Be(404);
        await _server.Admin.PostAsync("/organization/member_delete", """{"organization_id": "o-1", "user_id": "chief"}""");
        (await chief.PostAsync("/team/new", """{"organization_id": "o-1"}""")).Status.Should().Be(401, "it holds on the next request");
    }

    [Test]
    public async Task The_budget_of_a_member_in_an_organisation_holds_for_all_their_keys_there()
    {
        var added = await _server.Admin.PostAsync("/organization/member_add", """{"organization_id": "o-1", "member": {"user_id": "u-1"}, "max_budget_in_organization": 5, "budget_duration": "1h"}""");
        added.Body.GetProperty("updated_organization_memberships")[0].GetProperty("max_budget_in_organization").GetDecimal().Should().Be(5);
        var (inTeam, direct) = (await _server.CreateKeyAsync(""" "team_id": "t-1", "user_id": "u-1" """), await _server.CreateKeyAsync(""" "organization_id": "o-1", "user_id": "u-1" """));
        var (elsewhere, others) = (await _server.CreateKeyAsync(""" "team_id": "t-2", "user_id": "u-1" """), await _server.CreateKeyAsync(""" "team_id": "t-1", "user_id": "u-2" """));

        (await _server.CallAsync(inTeam, 3)).Should().BeNull();
        (await _server.CallAsync(direct, 3)).Should().BeNull();

        foreach (var key in (string[])[inTeam, direct])
        {
            var refusal = await _server.CallAsync(key);
            (refusal!.Status, refusal.Type, refusal.Scope!.Scope).Should().Be((400, "budget_exceeded", "organization_member"));
            refusal.Message.Should().StartWith("Budget has been exceeded! Organization member=u-1 of o-1 Current cost: 6, Max budget: 5");
        }

        foreach (var key in (string[])[elsewhere, others]) (await _server.CallAsync(key)).Should().BeNull();
        var shown = (await _server.Admin.GetJsonAsync("/organization/info?organization_id=o-1")).Body.GetProperty("members")[0];
        (shown.GetProperty("user_id").GetString(), shown.GetProperty("spend").GetDecimal(), shown.GetProperty("max_budget_in_organization").GetDecimal()).Should().Be(("u-1", 6, 5));

        (await _server.Admin.PostAsync("/organization/member_update", """{"organization_id": "o-1", "user_id": "u-1", "max_budget_in_organization": 7}""")).Body.GetProperty("user_role").GetString().Should().Be("internal_user", "the role stays");
        (await _server.CallAsync(inTeam, 1)).Should().BeNull("the budget is another on the very next call");
        (await _server.CallAsync(inTeam)).Should().NotBeNull();
        _server.Time.Advance(TimeSpan.FromHours(1));
        (await _server.CallAsync(inTeam)).Should().BeNull("a new period has begun");
    }

    [Test]
    public async Task The_budget_of_a_member_follows_the_team_into_another_organisation_and_goes_with_the_member()
    {
        await _server.Admin.PostAsync("/organization/member_add", """{"organization_id": "o-1", "member": {"user_id": "u-1"}, "max_budget_in_organization": 1}""");
        var key = await _server.CreateKeyAsync(""" "team_id": "t-1", "user_id": "u-1" """);
        (await _server.CallAsync(key, 2)).Should().BeNull();
        (await _server.CallAsync(key)).Should().NotBeNull();

        await _server.Admin.PostAsync("/team/update", """{"team_id": "t-1", "organization_id": "o-2"}""");
        (await _server.CallAsync(key)).Should().BeNull("there they have no budget");
        await _server.Admin.PostAsync("/team/update", """{"team_id": "t-1", "organization_id": "o-1"}""");
        (await _server.CallAsync(key)).Should().NotBeNull();

        await _server.Admin.PostAsync("/organization/member_delete", """{"organization_id": "o-1", "user_id": "u-1"}""");
        (await _server.CallAsync(key)).Should().BeNull();
        (await _server.Admin.PostAsync("/organization/member_add", """{"organization_id": "o-1", "member": {"user_id": "u-1"}}""")).Body.GetProperty("updated_organization_memberships")[0]
            .GetProperty("max_budget_in_organization").ValueKind.Should().Be(JsonValueKind.Null, "who comes back has no old budget");
    }

    [Test]
    public async Task Members_come_change_and_go_and_are_shown()
    {
        var added = await _server.Admin.PostAsync("/organization/member_add", """{"organization_id": "o-1", "member": [{"role": "org_admin", "user_id": "u-1"}, {"user_email": "ada@example.com"}]}""");

        added.Status.Should().Be(200, added.Body.ToString());
        added.Body.GetProperty("updated_organization_memberships").EnumerateArray().Select(member => member.GetProperty("user_role").GetString()).Should().Equal("org_admin", "internal_user");
        (await SendAsync(HttpMethod.Patch, "/organization/member_update", """{"organization_id": "o-1", "user_email": "ada@example.com", "role": "org_admin"}""")).Should().Be(200);
        (await SendAsync(HttpMethod.Delete, "/organization/member_delete", """{"organization_id": "o-1", "user_id": "u-1"}""")).Should().Be(200);
        var info = (await _server.Admin.GetJsonAsync("/organization/info?organization_id=o-1")).Body;
        info.GetProperty("members").EnumerateArray().Select(member => member.GetProperty("user_role").GetString()).Should().Equal("org_admin");
        info.GetProperty("teams").EnumerateArray().Select(team => team.GetProperty("team_id").GetString()).Should().Equal("t-1");
        (await _server.Admin.GetJsonAsync("/user/info?user_id=u-1")).Body.GetProperty("user_info").GetProperty("organization_memberships").GetArrayLength().Should().Be(0);

        (await _server.Admin.PostAsync("/organization/member_delete", """{"organization_id": "o-1", "user_id": "u-1"}""")).Refusal().Should().Be((404, "not_found_error", "user_id"));
        (await _server.Admin.PostAsync("/organization/member_add", """{"organization_id": "nobody", "member": {"user_id": "u-1"}}""")).Refusal().Should().Be((404, "not_found_error", "organization_id"));
        (await _server.Admin.PostAsync("/organization/member_add", """{"organization_id": "o-1", "member": {"user_id": "u-1", "role": "admin"}}""")).Refusal().Should().Be((422, "invalid_request_error", "member"));
    }

    [Test]
    public async Task An_organisation_goes_with_its_teams_and_keys_all_that_are_named_or_none()
    {
        await _server.Admin.PostAsync("/organization/member_add", """{"organization_id": "o-1", "member": {"role": "org_admin", "user_id": "u-1"}}""");
        using var chief = _server.With(await _server.CreateKeyAsync(""" "user_id": "u-1" """));
        var (ofTeam, own, other) = (await _server.CreateKeyAsync(""" "team_id": "t-1" """), await _server.CreateKeyAsync(""" "organization_id": "o-1" """), await _server.CreateKeyAsync(""" "team_id": "t-2" """));
        foreach (var key in (string[])[ofTeam, own, other]) (await _server.CallAsync(key)).Should().BeNull();

        (await _server.Admin.PostAsync("/organization/delete", """{"organization_ids": ["o-1", "nobody"]}""")).Refusal().Should().Be((404, "not_found_error", "organization_id"));
        (await _server.CallAsync(ofTeam)).Should().BeNull();
        (await SendAsync(HttpMethod.Delete, "/organization/delete", """{"organization_ids": ["o-1"]}""")).Should().Be(200);

        foreach (var key in (string[])[ofTeam, own]) (await _server.CallAsync(key))!.Type.Should().Be("token_not_found_in_db");
        (await _server.CallAsync(other)).Should().BeNull();
        (await _server.Admin.GetJsonAsync("/team/info?team_id=t-1")).Status.Should().Be(404);
        (await _server.Admin.GetJsonAsync("/organization/info?organization_id=o-1")).Status.Should().Be(404);
        await _server.Admin.PostAsync("/organization/new", """{"organization_id": "o-1"}""");
        (await chief.GetJsonAsync("/organization/info?organization_id=o-1")).Status.Should().Be(403, "an old membership holds for no new organisation");
    }

    private async Task<HttpClient> ChiefAsync()
    {
        await _server.Admin.PostAsync("/user/new", """{"user_id": "chief", "user_role": "internal_user", "auto_create_key": false}""");
        await _server.Admin.PostAsync("/organization/member_add", """{"organization_id": "o-1", "member": {"role": "org_admin", "user_id": "chief"}}""");
        return _server.With(await _server.CreateKeyAsync(""" "user_id": "chief" """));
    }

    private async Task<int> SendAsync(HttpMethod method, string path, string body)
    {
        using var request = new HttpRequestMessage(method, path) { Content = new StringContent(body, System.Text.Encoding.UTF8, "application/json") };
        using var response = await _server.Admin.SendAsync(request);
        return (int)response.StatusCode;
    }

    private static IEnumerable<string?> Ids(JsonElement organizations) => organizations.EnumerateArray().Select(organization => organization.GetProperty("organization_id").GetString());
}
