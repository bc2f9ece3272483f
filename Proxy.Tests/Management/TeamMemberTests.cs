using System.Text.Json;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Tests.Databases;

namespace Proxy.Tests.Management;

/// <summary>Who is in a team, which models it has, and what members may do with its keys.</summary>
[OnEachEngine]
internal sealed class TeamMemberTests
{
    private ManagementServer _server = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _server = await ManagementServer.StartAsync();
        await _server.CreateTeamAsync(""" "team_id": "t-1", "models": ["a", "b"], "members_with_roles": [{"role": "admin", "user_id": "boss"}, {"role": "user", "user_id": "u-1"}, {"role": "user", "user_id": "u-2"}] """);
    }

    [TearDown]
    public async Task StopAsync() => await _server.DisposeAsync();

    [Test]
    public async Task Who_is_added_is_a_user_from_then_on_and_is_added_once()
    {
        await _server.Admin.PostAsync("/user/new", """{"user_id": "u-7", "user_email": "ada@example.com", "auto_create_key": false}""");

        var added = await _server.Admin.PostAsync("/team/member_add", """
            {"team_id": "t-1", "member": [{"role": "user", "user_email": "ada@example.com"}, {"role": "admin", "user_email": "new_%@example.com"}, {"user_id": "u-8"}], "max_budget_in_team": 5}
            """);

        added.Status.Should().Be(200, added.Body.ToString());
        var created = added.Body.GetProperty("updated_users").EnumerateArray().ToList();
        created.Select(user => user.GetProperty("user_email").GetString()).Should().Equal("new_%@example.com", null);
        var stranger = created[0].GetProperty("user_id").GetString();
        Members(added.Body).Should().Equal("boss:admin", "u-1:user", "u-2:user", "default_user_id:admin", "u-7:user", $"{stranger}:admin", "u-8:user");
        added.Body.GetProperty("updated_team_memberships").EnumerateArray().Select(member => member.GetProperty("max_budget_in_team").GetDecimal()).Should().Equal(5, 5, 5);
        (await _server.Admin.GetJsonAsync($"/user/list?user_ids={stranger},u-7,u-8")).Body.GetProperty("total").GetInt64().Should().Be(3);

        var again = await _server.Admin.PostAsync("/team/member_add", """{"team_id": "t-1", "member": [{"user_id": "u-9"}, {"user_email": "ada@example.com"}]}""");
        again.Refusal().Should().Be((400, "team_member_already_in_team", "user_id"));
        (await _server.Admin.GetJsonAsync("/user/list?user_ids=u-9")).Body.GetProperty("total").GetInt64().Should().Be(0, "all or none");
        (await _server.Admin.PostAsync("/team/member_add", """{"team_id": "t-1", "member": {"user_id": "u-9", "role": "god"}}""")).Refusal().Should().Be((422, "invalid_request_error", "member"));
    }

    [Test]
    public async Task Many_are_added_each_by_itself()
    {
        var (status, body) = await _server.Admin.PostAsync("/team/bulk_member_add", """{"team_id": "t-1", "members": [{"user_id": "u-1"}, {"user_id": "u-5"}], "max_budget_in_team": 2}""");

        (status, body.GetProperty("total_requested").GetInt32(), body.GetProperty("successful_additions").GetInt32(), body.GetProperty("failed_additions").GetInt32()).Should().Be((200, 2, 1, 1));
        body.GetProperty("results").EnumerateArray().Select(result => (result.GetProperty("user_id").GetString(), result.GetProperty("success").GetBoolean())).Should().Equal(("u-1", false), ("u-5", true));
        body.GetProperty("results")[0].GetProperty("error").GetString().Should().Contain("already in team");
        Members(body.GetProperty("updated_team")).Should().Contain("u-5:user");
        await _server.Admin.PostAsync("/user/new", """{"user_id": "u-6", "auto_create_key": false}""");
        var all = (await _server.Admin.PostAsync("/team/bulk_member_add", """{"team_id": "t-1", "all_users": true}""")).Body;
        Members(all.GetProperty("updated_team")).Should().Contain("u-6:user");
        (await _server.Admin.PostAsync("/team/bulk_member_add", """{"team_id": "nobody", "members": [{"user_id": "u-1"}]}""")).Status.Should().Be(404);
        (await _server.Admin.PostAsync("/team/bulk_member_add", """{"team_id": "t-1"}""")).Refusal().Should().Be((422, "invalid_request_error", "members"));
    }

    [Test]
    public async Task A_member_gets_another_role_which_holds_on_the_next_request()
    {
        using var user = await UserAsync("u-1", "internal_user");
        (await user.PostAsync("/team/member_add", """{"team_id": "t-1", "member": {"user_id": "u-9"}}""")).Status.Should().Be(403);

        (await _server.Admin.PostAsync("/team/member_update", """{"team_id": "t-1", "user_id": "u-1", "role": "admin", "max_budget_in_team": 10}""")).Body.GetProperty("max_budget_in_team").GetDecimal().Should().Be(10);
        (await user.PostAsync("/team/member_add", """{"team_id": "t-1", "member": {"user_id": "u-9"}}""")).Status.Should().Be(200);

        await _server.Admin.PostAsync("/team/member_update", """{"team_id": "t-1", "user_id": "u-1", "role": "user"}""");
        (await user.PostAsync("/team/member_delete", """{"team_id": "t-1", "user_id": "u-9"}""")).Status.Should().Be(403);
        (await _server.Admin.PostAsync("/team/member_update", """{"team_id": "t-1", "user_id": "nobody", "role": "admin"}""")).Refusal().Should().Be((400, "invalid_request_error", "user_id"));
    }

    [Test]
    public async Task Models_are_added_and_taken_away_but_never_the_last_which_would_open_all()
    {
        using var boss = await UserAsync("boss", "internal_user");
        using var member = await UserAsync("u-1", "internal_user");
        var key = await _server.CreateKeyAsync(""" "team_id": "t-1" """);

        (await boss.PostAsync("/team/model/add", """{"team_id": "t-1", "models": ["b", "c"]}""")).Body.GetProperty("models").ToString().Should().Be("""["a","b","c"]""");
        (await boss.PostAsync("/team/model/delete", """{"team_id": "t-1", "models": ["a", "b", "x"]}""")).Body.GetProperty("models").ToString().Should().Be("""["c"]""");
        (await _server.AuthenticateAsync(key)).Caller!.FindModelRefusal("a")!.Type.Should().Be("team_model_access_denied");
        (await boss.PostAsync("/team/model/delete", """{"team_id": "t-1", "models": ["c"]}""")).Refusal().Should().Be((400, "invalid_request_error", "models"));
        (await _server.AuthenticateAsync(key)).Caller!.FindModelRefusal("c").Should().BeNull();
        (await member.PostAsync("/team/model/add", """{"team_id": "t-1", "models": ["x"]}""")).Message().Should().Be("Only proxy admin or team admin can modify team models");
        (await member.PostAsync("/team/model/add", """{"team_id": "nobody", "models": ["x"]}""")).Status.Should().Be(403);
        (await _server.Admin.PostAsync("/team/model/add", """{"team_id": "nobody", "models": ["x"]}""")).Status.Should().Be(404);
    }

    [Test]
    public async Task What_a_team_states_of_its_members_is_all_that_they_may_do_with_its_keys()
    {
        using var user = await UserAsync("u-1", "internal_user");
        using var boss = await UserAsync("boss", "internal_user");
        var others = await _server.CreateKeyAsync(""" "team_id": "t-1", "user_id": "u-2", "key_alias": "of-u-2" """);
        var own = (await user.PostAsync("/key/generate", """{"team_id": "t-1"}""")).Body.GetProperty("key").GetString()!;
        (await user.GetJsonAsync($"/key/info?key={others}")).Status.Should().Be(403);

        (await boss.PostAsync("/team/permissions_update", """{"team_id": "t-1", "team_member_permissions": ["/key/info", "/key/list", "/key/update"]}""")).Status.Should().Be(200);

        (await user.GetJsonAsync($"/key/info?key={others}")).Status.Should().Be(200);
        (await user.GetJsonAsync("/key/list?team_id=t-1")).Body.GetProperty("total_count").GetInt64().Should().Be(2);
        (await user.PostAsync("/key/update", $$"""{"key": "{{others}}", "tpm_limit": 5}""")).Status.Should().Be(200);
        (await user.PostAsync("/key/update", $$"""{"key": "{{others}}", "spend": 0}""")).Status.Should().Be(403);
        (await user.PostAsync("/key/update", $$"""{"key": "{{others}}", "user_id": "u-1"}""")).Status.Should().Be(403);
        (await user.PostAsync("/key/regenerate", $$"""{"key": "{{others}}"}""")).Status.Should().Be(403);
        (await user.PostAsync("/key/delete", $$"""{"keys": ["{{own}}"]}""")).Status.Should().Be(403);
        (await user.PostAsync("/key/block", $$"""{"key": "{{others}}"}""")).Status.Should().Be(403);
        (await user.PostAsync("/key/generate", """{"team_id": "t-1"}""")).Refusal().Should().Be((401, "team_member_permission_error", "team_id"));
        (await user.PostAsync("/key/service-account/generate", """{"team_id": "t-1"}""")).Refusal().Should().Be((401, "team_member_permission_error", "team_id"));
        var loose = (await user.PostAsync("/key/generate", "{}")).Body.GetProperty("key").GetString();
        (await user.PostAsync("/key/update", $$"""{"key": "{{loose}}", "team_id": "t-1"}""")).Refusal().Should().Be((401, "team_member_permission_error", "team_id"), "that would be a way around");
        (await boss.PostAsync("/key/generate", """{"team_id": "t-1"}""")).Status.Should().Be(200);
    }

    [Test]
    public async Task A_member_does_what_the_team_lets_them_though_they_have_no_role()
    {
        await _server.Admin.PostAsync("/team/permissions_update", """{"team_id": "t-1", "team_member_permissions": ["/key/generate", "/key/service-account/generate", "/key/delete", "/key/block", "/key/unblock", "/key/{key_id}/regenerate"]}""");
        using var user = _server.With(await _server.CreateKeyAsync(""" "team_id": "t-1", "user_id": "u-1" """));
        using var stranger = _server.With(await _server.CreateKeyAsync(""" "team_id": "t-1", "user_id": "u-99" """));

        var made = (await user.PostAsync("/key/generate", """{"team_id": "t-1"}""")).Body.GetProperty("key").GetString();
        var service = (await user.PostAsync("/key/service-account/generate", """{"team_id": "t-1", "key_alias": "ci"}""")).Body.GetProperty("key").GetString();
        (await user.PostAsync("/key/block", $$"""{"key": "{{service}}"}""")).Status.Should().Be(200);
        (await user.PostAsync("/key/unblock", $$"""{"key": "{{service}}"}""")).Status.Should().Be(200);
        (await user.PostAsync("/key/regenerate", $$"""{"key": "{{service}}", "key_alias": "ci"}""")).Status.Should().Be(200);
        foreach (var path in (string[])["/key/block", "/key/regenerate"]) (await stranger.PostAsync(path, $$"""{"key": "{{made}}"}""")).Status.Should().Be(403, path);
        (await user.PostAsync("/key/delete", $$"""{"keys": ["{{made}}"]}""")).Status.Should().Be(200);

        var listed = (await user.GetJsonAsync("/team/permissions_list?team_id=t-1")).Body;
        listed.GetProperty("team_member_permissions").EnumerateArray().Select(route => route.GetString()).Should().Contain("/key/generate").And.HaveCount(6);
        listed.GetProperty("all_available_permissions").EnumerateArray().Select(route => route.GetString()).Should().Contain("/key/info");
    }

    [Test]
    public async Task Who_is_dropped_by_an_update_of_the_team_leaves_it_with_their_keys_of_it()
    {
        await _server.Admin.PostAsync("/user/new", """{"user_id": "u-1", "auto_create_key": false, "teams": ["t-1"]}""");
        await _server.Admin.PostAsync("/team/member_update", """{"team_id": "t-1", "user_id": "u-1", "max_budget_in_team": 1}""");
        var (gone, own) = (await _server.CreateKeyAsync(""" "user_id": "u-1", "team_id": "t-1" """), await _server.CreateKeyAsync(""" "user_id": "u-1" """));
        var (stays, service) = (await _server.CreateKeyAsync(""" "user_id": "u-2", "team_id": "t-1" """), await _server.CreateKeyAsync(""" "team_id": "t-1" """));
        foreach (var key in (string[])[gone, own, stays, service]) (await _server.CallAsync(key)).Should().BeNull();

        (await _server.Admin.PostAsync("/team/update", """{"team_id": "t-1", "team_alias": "renamed"}""")).Status.Should().Be(200);
        (await _server.CallAsync(gone)).Should().BeNull("nothing was said of members");
        var (status, body) = await _server.Admin.PostAsync("/team/update", """
            {"team_id": "t-1", "members_with_roles": [{"role": "admin", "user_id": "boss"}, {"role": "admin", "user_id": "u-2"}, {"role": "user", "user_id": "u-3"}]}
            """);

        status.Should().Be(200);
        Members(body.GetProperty("data")).Should().Equal("boss:admin", "u-2:admin", "u-3:user");
        (await _server.CallAsync(gone))!.Type.Should().Be("token_not_found_in_db");
        foreach (var key in (string[])[own, stays, service]) (await _server.CallAsync(key)).Should().BeNull();
        (await _server.Admin.GetJsonAsync($"/key/info?key={gone}")).Status.Should().Be(404);
        (await _server.Admin.GetJsonAsync("/team/info?team_id=t-1")).Body.GetProperty("team_memberships").EnumerateArray().Should().BeEmpty();
        (await _server.Admin.GetJsonAsync("/user/info?user_id=u-1")).Body.GetProperty("teams").GetArrayLength().Should().Be(0);
        using var user = _server.With(own);
        (await user.GetJsonAsync("/team/info?team_id=t-1")).Status.Should().Be(403);
        (await _server.Admin.GetJsonAsync($"/audit?table_name=LiteLLM_VerificationToken&action=deleted")).Body.GetProperty("total").GetInt64().Should().Be(1);
    }

    [Test]
    public async Task Who_is_named_by_their_address_alone_is_the_user_who_has_it_and_keeps_their_keys()
    {
        await _server.Admin.PostAsync("/user/new", """{"user_id": "u-1", "user_email": "ada@example.com", "auto_create_key": false}""");
        var key = await _server.CreateKeyAsync(""" "user_id": "u-1", "team_id": "t-1" """);

        var members = """ [{"role": "admin", "user_email": "ada@example.com"}, {"role": "user", "user_email": "nobody@example.com"}] """;
        var updated = await _server.Admin.PostAsync("/team/update", $$"""{"team_id": "t-1", "members_with_roles": {{members}}}""");
        var made = await _server.Admin.PostAsync("/team/new", $$"""{"team_id": "t-2", "members_with_roles": {{members}}}""");

        Members(updated.Body.GetProperty("data")).Should().Equal("u-1:admin", ":user");
        Members(made.Body).Should().Equal("u-1:admin", ":user", "default_user_id:admin");
        (await _server.CallAsync(key)).Should().BeNull();
        (await _server.Admin.GetJsonAsync("/user/info?user_id=u-1")).Body.GetProperty("teams").ToString().Should().Be("""["t-1","t-2"]""");
    }

    [Test]
    public async Task Permissions_are_a_matter_of_the_teams_admins_and_are_spelled_right()
    {
        using var user = await UserAsync("u-1", "internal_user");
        using var foreign = await UserAsync("u-50", "internal_user");

        (await user.PostAsync("/team/permissions_update", """{"team_id": "t-1", "team_member_permissions": ["/key/update"]}""")).Status.Should().Be(403);
        (await foreign.PostAsync("/team/permissions_update", """{"team_id": "nobody", "team_member_permissions": ["/key/update"]}""")).Status.Should().Be(403);
        (await foreign.GetJsonAsync("/team/permissions_list?team_id=t-1")).Status.Should().Be(403);
        (await foreign.GetJsonAsync("/team/permissions_list?team_id=nobody")).Status.Should().Be(403);
        (await user.GetJsonAsync("/team/permissions_list?team_id=t-1")).Body.GetProperty("team_member_permissions").GetArrayLength().Should().Be(0);
        foreach (var (path, body) in ((string, string)[])[("/team/permissions_update", """ "team_id": "t-1", """), ("/team/update", """ "team_id": "t-1", """), ("/team/new", "")])
            (await _server.Admin.PostAsync(path, $$"""{{{body}} "team_member_permissions": ["/key/generat"]}""")).Refusal().Should().Be((422, "invalid_request_error", "team_member_permissions"), path);
    }

    private async Task<HttpClient> UserAsync(string id, string role)
    {
        await _server.Admin.PostAsync("/user/new", $$"""{"user_id": "{{id}}", "user_role": "{{role}}", "auto_create_key": false}""");
        return _server.With(await _server.CreateKeyAsync($""" "user_id": "{id}" """));
    }

    private static IEnumerable<string> Members(JsonElement team) =>
        team.GetProperty("members_with_roles").EnumerateArray().Select(member => $"{member.GetProperty("user_id").GetString()}:{member.GetProperty("role").GetString()}");
}
