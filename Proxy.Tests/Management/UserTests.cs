using System.Text.Json;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Proxy.Management.Keys;
using Proxy.Tests.Databases;

namespace Proxy.Tests.Management;

/// <summary>Users who come with a key, are changed together, and go with all that is theirs.</summary>
[OnEachEngine]
internal sealed class UserTests
{
    [Test]
    public async Task A_user_goes_with_their_keys_and_leaves_their_teams()
    {
        await using var server = await ManagementServer.StartAsync();
        await server.CreateTeamAsync(""" "team_id": "t-1", "members_with_roles": [{"role": "admin", "user_id": "u-1"}] """);
        await server.Admin.PostAsync("/user/new", """{"user_id": "u-1", "user_role": "internal_user", "max_budget": 5, "auto_create_key": false}""");
        await server.Admin.PostAsync("/user/new", """{"user_id": "u-2", "auto_create_key": false}""");
        await server.Admin.PostAsync("/team/member_update", """{"team_id": "t-1", "user_id": "u-1", "max_budget_in_team": 1}""");
        var own = await server.CreateKeyAsync(""" "user_id": "u-1" """);
        var inTeam = await server.CreateKeyAsync(""" "user_id": "u-1", "team_id": "t-1" """);
        var service = await server.CreateKeyAsync(""" "team_id": "t-1" """);
        (await server.CallAsync(own, 3)).Should().BeNull();
        (await server.CallAsync(inTeam)).Should().BeNull();
        var listed = (await server.Admin.GetJsonAsync("/user/list")).Body.GetProperty("users").EnumerateArray().ToList();
        listed.Select(user => (user.GetProperty("key_count").GetInt64(), user.GetProperty("teams").ToString())).Should().Equal((2, """["t-1"]"""), (0, "[]"));

        (await server.Admin.PostAsync("/user/delete", """{"user_ids": ["u-1", "nobody"]}""")).Refusal().Should().Be((404, "not_found_error", "user_id"));
        (await server.CallAsync(own)).Should().BeNull("all go or none");
        var (status, body) = await server.Admin.PostAsync("/user/delete", """{"user_ids": ["u-1", "u-1", "u-2"]}""");

        (status, body.ToString()).Should().Be((200, "2"));
        foreach (var key in (string[])[own, inTeam]) (await server.CallAsync(key))!.Type.Should().Be("token_not_found_in_db");
        (await server.CallAsync(service)).Should().BeNull();
        (await server.Admin.GetJsonAsync("/user/info?user_id=u-1")).Status.Should().Be(404);
        (await server.Admin.GetJsonAsync("/key/list?user_id=u-1")).Body.GetProperty("total_count").GetInt64().Should().Be(0);
        var team = (await server.Admin.GetJsonAsync("/team/info?team_id=t-1")).Body;
        team.GetProperty("team_info").GetProperty("members_with_roles").ToString().Should().NotContain("u-1");
        team.GetProperty("team_memberships").GetArrayLength().Should().Be(0);

        await server.Admin.PostAsync("/user/new", """{"user_id": "u-1", "user_role": "internal_user_viewer", "auto_create_key": false}""");
        using var again = server.With(await server.CreateKeyAsync(""" "user_id": "u-1" """));
        (await server.Admin.GetJsonAsync("/user/info?user_id=u-1")).Body.GetProperty("user_info").GetProperty("spend").GetDecimal().Should().Be(0);
        (await again.GetJsonAsync("/team/info?team_id=t-1")).Status.Should().Be(403, "who comes back has no old rights");
        (await again.PostAsync("/key/generate", "{}")).Status.Should().Be(401, "nor an old role");
    }

    [Test]
    public async Task The_teams_of_a_user_are_memberships()
    {
        await using var server = await ManagementServer.StartAsync();
        foreach (var id in (string[])["t-1", "t-2", "t-3"]) await server.CreateTeamAsync($$""" "team_id": "{{id}}" """);

        var made = await server.Admin.PostAsync("/user/new", """
            {"user_id": "u-1", "user_email": "u-1@example.com", "user_role": "internal_user", "teams": ["t-1", "t-1", {"team_id": "t-2", "user_role": "admin", "max_budget_in_team": 3}]}
            """);

        (made.Status, made.Body.GetProperty("teams").ToString()).Should().Be((200, """["t-1","t-2"]"""));
        using var user = server.With(made.Body.GetProperty("key").GetString()!);
        (await user.PostAsync("/key/generate", """{"team_id": "t-1"}""")).Status.Should().Be(200);
        (await user.PostAsync("/key/generate", """{"team_id": "t-3"}""")).Status.Should().NotBe(200);
        (await user.PostAsync("/team/member_add", """{"team_id": "t-1", "member": {"user_id": "u-9"}}""")).Status.Should().Be(403);
        (await user.PostAsync("/team/member_add", """{"team_id": "t-2", "member": {"user_id": "u-9"}}""")).Status.Should().Be(200);
        var team = (await server.Admin.GetJsonAsync("/team/info?team_id=t-2")).Body;
        team.GetProperty("team_info").GetProperty("members_with_roles").ToString().Should().Contain("u-1@example.com");
        team.GetProperty("team_memberships").EnumerateArray().Single(member => member.GetProperty("user_id").GetString() == "u-1").GetProperty("max_budget_in_team").GetDecimal().Should().Be(3);

        var updated = await server.Admin.PostAsync("/user/update", """{"user_id": "u-1", "teams": ["t-2", "t-3"]}""");
        updated.Status.Should().Be(200, updated.Body.ToString());
        (await user.PostAsync("/key/generate", """{"team_id": "t-3"}""")).Status.Should().Be(200, "it holds on the next request");
        (await user.PostAsync("/team/member_add", """{"team_id": "t-2", "member": {"user_id": "u-8"}}""")).Status.Should().Be(200, "who is in already stays what they are");
        (await server.Admin.GetJsonAsync("/user/info?user_id=u-1")).Body.GetProperty("teams").EnumerateArray().Select(id => id.GetString()).Should().BeEquivalentTo(["t-1", "t-2", "t-3"], "nobody leaves a team by this");
    }

    [Test]
    public async Task The_organizations_of_a_user_are_memberships()
    {
        await using var server = await ManagementServer.StartAsync();
        foreach (var id in (string[])["o-1", "o-2"]) await server.Admin.PostAsync("/organization/new", $$"""{"organization_id": "{{id}}"}""");

        (await server.Admin.PostAsync("/user/new", """{"user_id": "u-1", "organizations": ["o-1", "none"]}""")).Refusal().Should().Be((404, "not_found_error", "organizations"));
        (await server.Admin.GetJsonAsync("/user/info?user_id=u-1")).Status.Should().Be(404, "a refusal makes nothing");
        (await server.Admin.PostAsync("/user/new", """{"user_id": "u-1", "organizations": ["o-1", "o-1"]}""")).Status.Should().Be(200);
        (await server.Admin.PostAsync("/organization/member_update", """{"organization_id": "o-1", "user_id": "u-1", "role": "org_admin"}""")).Status.Should().Be(200);
        (await server.Admin.PostAsync("/user/update", """{"user_id": "u-1", "organizations": ["o-1", "o-2"]}""")).Status.Should().Be(200);

        foreach (var (id, role) in new[] { ("o-1", "org_admin"), ("o-2", "internal_user") })
        {
            var member = (await server.Admin.GetJsonAsync($"/organization/info?organization_id={id}")).Body.GetProperty("members").EnumerateArray().Single();
            (member.GetProperty("user_id").GetString(), member.GetProperty("user_role").GetString()).Should().Be(("u-1", role));
        }
    }

    [TestCase(""" ["t-1", "no-team"] """, 404)]
    [TestCase(""" ["t-1", 5] """, 422)]
    [TestCase(""" [{"user_role": "user"}] """, 422)]
    [TestCase(""" [{"team_id": "t-1", "user_role": "god"}] """, 422)]
    [TestCase(""" [{"team_id": "t-1", "max_budget_in_team": -1}] """, 422)]
    public async Task Teams_that_cannot_be_joined_leave_everything_as_it_was(string teams, int status)
    {
        await using var server = await ManagementServer.StartAsync();
        await server.CreateTeamAsync(""" "team_id": "t-1" """);
        await server.Admin.PostAsync("/user/new", """{"user_id": "u-2", "auto_create_key": false}""");

        foreach (var (path, id) in ((string, string)[])[("/user/new", "u-1"), ("/user/update", "u-2")])
        {
            var refusal = (await server.Admin.PostAsync(path, $$"""{"user_id": "{{id}}", "user_alias": "x", "teams": {{teams}}}""")).Refusal();
            (refusal.Status, refusal.Param).Should().Be((status, "teams"), path);
        }

        (await server.Admin.GetJsonAsync("/user/info?user_id=u-1")).Status.Should().Be(404);
        (await server.Admin.GetJsonAsync("/user/info?user_id=u-2")).Body.GetProperty("user_info").GetProperty("user_alias").ValueKind.Should().Be(JsonValueKind.Null);
        (await server.Admin.GetJsonAsync("/team/info?team_id=t-1")).Body.GetProperty("team_info").GetProperty("members_with_roles").GetArrayLength().Should().Be(1);
    }

    [Test]
    public async Task The_key_of_a_new_user_is_made_by_the_rules_of_keys_or_neither_is_made()
    {
        await using var server = await ManagementServer.StartAsync(services => services.AddSingleton<IKeyGenerationPolicy, NoBots>());
        server.Services.GetRequiredService<KeyGenerationRules>().Apply(
            new KeyGenerationSettings { Defaults = new KeyDefaults { TpmLimit = 7, Models = ["gpt-4o"] }, Bounds = new KeyBounds { Duration = "10d", MaxBudget = 2 } });
        await server.CreateKeyAsync(""" "key_alias": "taken" """);

        var (status, user) = await server.Admin.PostAsync("/user/new", """{"user_id": "u-1", "max_budget": 50}""");

        status.Should().Be(200, user.ToString());
        var info = (await server.Admin.GetJsonAsync($"/key/info?key={user.GetProperty("key").GetString()}")).Body.GetProperty("info");
        (info.GetProperty("tpm_limit").GetInt64(), info.GetProperty("max_budget").GetDecimal(), info.GetProperty("models").ToString()).Should().Be((7, 2, """["gpt-4o"]"""));
        info.GetProperty("expires").GetDateTimeOffset().Should().Be(server.Time.GetUtcNow().AddDays(10));
        user.GetProperty("max_budget").GetDecimal().Should().Be(50, "bounds are for keys");

        (await server.Admin.PostAsync("/user/new", """{"user_id": "u-2", "duration": "11d"}""")).Refusal().Should().Be((400, "auth_error", "duration"));
        (await server.Admin.PostAsync("/user/new", """{"user_id": "u-2", "key_alias": "bot"}""")).Message().Should().Be("No bots.");
        (await server.Admin.PostAsync("/user/new", """{"user_id": "u-2", "key_alias": "taken"}""")).Refusal().Should().Be((400, "bad_request_error", "key_alias"));
        (await server.Admin.GetJsonAsync("/user/info?user_id=u-2")).Status.Should().Be(404);
        (await server.Admin.PostAsync("/user/new", """{"user_id": "u-2", "key_alias": "bot", "auto_create_key": false}""")).Status.Should().Be(200, "no key is asked for");
    }

    [Test]
    public async Task Users_are_changed_together_each_with_its_own_answer_and_by_their_mail()
    {
        await using var server = await ManagementServer.StartAsync();
        foreach (var id in (string[])["u-1", "u-2", "u-3"])
            await server.Admin.PostAsync("/user/new", $$"""{"user_id": "{{id}}", "user_email": "{{id}}@example.com", "auto_create_key": false}""");

        var some = (await server.Admin.PostAsync("/user/bulk_update", """
            {"users": [{"user_id": "u-1", "max_budget": 5}, {"user_email": "u-2@example.com", "user_role": "internal_user"}, {"user_id": "nobody", "max_budget": 5}, {"user_id": "u-3", "max_budget": -1}, 5]}
            """)).Body;

        some.GetProperty("results").EnumerateArray().Select(result => (result.GetProperty("user_id").GetString(), result.GetProperty("success").GetBoolean())).Should()
            .Equal(("u-1", true), ("u-2", true), ("nobody", false), ("u-3", false), (null, false));
        (some.GetProperty("total_requested").GetInt32(), some.GetProperty("successful_updates").GetInt32(), some.GetProperty("failed_updates").GetInt32()).Should().Be((5, 2, 3));
        (await BudgetsAsync(server)).Should().Equal(5, null, null);

        var all = (await server.Admin.PostAsync("/user/bulk_update", """{"all_users": true, "user_updates": {"max_budget": 9}}""")).Body;
        all.GetProperty("successful_updates").GetInt32().Should().Be(3);
        (await BudgetsAsync(server)).Should().Equal(9, 9, 9);
        (await server.Admin.PostAsync("/user/update", """{"user_email": "u-3@example.com", "max_budget": null}""")).Body.GetProperty("user_id").GetString().Should().Be("u-3");
        (await server.Admin.PostAsync("/user/update", """{"user_email": "u-_@example.com", "max_budget": 1}""")).Status.Should().Be(404);
        (await server.Admin.PostAsync("/user/update", "{}")).Refusal().Should().Be((422, "invalid_request_error", "user_id"));
        (await server.Admin.PostAsync("/user/bulk_update", """{"users": []}""")).Refusal().Should().Be((422, "invalid_request_error", "users"));
        (await server.Admin.PostAsync("/user/bulk_update", """{"all_users": true}""")).Refusal().Should().Be((422, "invalid_request_error", "user_updates"));
    }

    private static async Task<IEnumerable<decimal?>> BudgetsAsync(ManagementServer server) =>
        (await server.Admin.GetJsonAsync("/user/list")).Body.GetProperty("users").EnumerateArray().Select(user => user.GetProperty("max_budget")).Select(budget => budget.ValueKind == JsonValueKind.Null ? (decimal?)null : budget.GetDecimal());

    private sealed class NoBots : IKeyGenerationPolicy
    {
        public ValueTask<KeyGenerationDecision> DecideAsync(KeyGenerationRequest request, CancellationToken cancellationToken) => ValueTask.FromResult(
            request.Body.TryGetProperty("key_alias", out var alias) && alias.GetString() == "bot" ? new KeyGenerationDecision(false, "No bots.") : new KeyGenerationDecision(true));
    }
}
