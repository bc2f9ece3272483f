using System.Net;
using System.Text;
using FluentAssertions;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Proxy.Management.Access;
using Proxy.Tests.Databases;

namespace Proxy.Tests.Management;

/// <summary>Who may do what, asked of every endpoint that there is.</summary>
[OnEachEngine]
internal sealed class RightsTests
{
    private const string Changed = "Only proxy admin can be used";
    private const string Looked = "user not allowed to access this route, role= proxy_admin_viewer";

    /// <summary>All that changes a team, as bodies with the team to be named.</summary>
    private static readonly (string Path, string Body)[] ChangesOfTeams =
    [
        ("/team/update", """{"team_id": "TEAM", "models": ["x"]}"""),
        ("/team/delete", """{"team_ids": ["TEAM"]}"""),
        ("/team/block", """{"team_id": "TEAM"}"""),
        ("/team/member_add", """{"team_id": "TEAM", "member": {"role": "admin", "user_id": "me"}}"""),
        ("/team/bulk_member_add", """{"team_id": "TEAM", "members": [{"role": "admin", "user_id": "me"}]}"""),
        ("/team/bulk_member_add", """{"team_id": "TEAM", "all_users": true}"""),
        ("/team/member_update", """{"team_id": "TEAM", "user_id": "u-9", "role": "user", "max_budget_in_team": 1}"""),
        ("/team/member_delete", """{"team_id": "TEAM", "user_id": "u-9"}"""),
        ("/team/model/add", """{"team_id": "TEAM", "models": ["x"]}"""),
        ("/team/model/delete", """{"team_id": "TEAM", "models": ["x"]}"""),
        ("/team/permissions_update", """{"team_id": "TEAM", "team_member_permissions": ["/key/update"]}"""),
    ];

    private ManagementServer _server = null!;

    [SetUp]
    public async Task StartAsync() => _server = await ManagementServer.StartAsync();

    [TearDown]
    public async Task StopAsync() => await _server.DisposeAsync();

    [TestCase("proxy_admin", "Public OwnerOrAdmin AdminOrViewer Manager OrganizationManager Admin")]
    [TestCase("proxy_admin_viewer", "Public OwnerOrAdmin AdminOrViewer")]
    [TestCase("org_admin", "Public OwnerOrAdmin Manager")]
    [TestCase("internal_user", "Public OwnerOrAdmin Manager")]
    [TestCase("internal_user_viewer", "Public OwnerOrAdmin")]
    [TestCase("team", "Public OwnerOrAdmin")]
    [TestCase("customer", "Public OwnerOrAdmin")]
    [TestCase("internal_user looks after o-1", "Public OwnerOrAdmin Manager OrganizationManager")]
    [TestCase("internal_user_viewer looks after o-1", "Public OwnerOrAdmin")]
    [TestCase("proxy_admin_viewer looks after o-1", "Public OwnerOrAdmin AdminOrViewer")]
    public async Task Each_role_gets_where_the_rules_let_it_and_nowhere_else(string role, string rules)
    {
        using var client = await UserAsync("u-1", role.Split(' ')[0]);
        if (role.Contains("o-1", StringComparison.Ordinal)) await LookAfterAsync("o-1", "u-1");

        foreach (var (method, path, rule) in Endpoints())
        {
            var (status, text) = await SendAsync(client, method, path);
            var isRefused = text.Contains(Changed, StringComparison.Ordinal) || text.Contains(Looked, StringComparison.Ordinal);

            (!isRefused).Should().Be(rules.Split(' ').Contains(rule.ToString()), "{0} {1} by {2} gave {3} {4}", method, path, role, status, text);
        }
    }

    [Test]
    public async Task Nobody_changes_a_foreign_thing_or_sees_it()
    {
        await _server.CreateTeamAsync(""" "team_id": "foreign", "members_with_roles": [{"role": "admin", "user_id": "u-9"}] """);
        var foreign = await _server.CreateKeyAsync(""" "team_id": "foreign", "user_id": "u-9", "metadata": {"mark": "foreign"} """);
        foreach (var role in RoleNames.All.Where(role => !role.StartsWith("proxy_admin", StringComparison.Ordinal)))
        {
            using var client = await UserAsync("u-" + role, role);
            await LookAfterAsync("o-of-" + role, "u-" + role);

            (await client.GetJsonAsync($"/key/info?key={foreign}")).Status.Should().Be(403, role);
            (await client.GetJsonAsync("/team/info?team_id=foreign")).Status.Should().Be(403, role);
            (await client.GetJsonAsync("/team/info?team_id=nobody")).Status.Should().Be(403, role);
            (await client.GetJsonAsync("/user/info?user_id=u-9")).Status.Should().Be(403, role);
            foreach (var path in (string[])["/team/permissions_list?team_id=", "/team/list?user_id=u-9&organization_id=", "/v2/team/list?team_id="])
            {
                (await client.GetJsonAsync(path + "foreign")).Status.Should().BeOneOf([401, 403], "{0} {1}", role, path);
                (await client.GetJsonAsync(path + "nobody")).Status.Should().BeOneOf([401, 403], "{0} {1}", role, path);
            }

            foreach (var (path, body) in ChangesOfTeams)
            {
                foreach (var id in (string[])["foreign", "nobody"])
                    (await client.PostAsync(path, body.Replace("TEAM", id, StringComparison.Ordinal))).Status.Should().BeOneOf([401, 403], "{0} {1} {2}", role, path, id);
            }
        }

        (await _server.AuthenticateAsync(foreign)).Error.Should().BeNull();
        var team = (await _server.Admin.GetJsonAsync("/team/info?team_id=foreign")).Body;
        team.GetProperty("team_info").GetProperty("models").GetArrayLength().Should().Be(0);
        team.GetProperty("team_info").GetProperty("members_with_roles").EnumerateArray().Select(member => member.GetProperty("user_id").GetString()).Should().NotContain("me");
        team.GetProperty("team_memberships").GetArrayLength().Should().Be(0);
    }

    [Test]
    public async Task Members_see_their_team_and_its_admins_see_its_keys_and_add_members()
    {
        await _server.CreateTeamAsync(""" "team_id": "t-1", "members_with_roles": [{"role": "admin", "user_id": "boss"}, {"role": "user", "user_id": "u-1"}] """);
        var key = await _server.CreateKeyAsync(""" "team_id": "t-1", "user_id": "u-1" """);
        using var boss = await UserAsync("boss", "internal_user");
        using var member = await UserAsync("u-1", "internal_user");

        (await member.GetJsonAsync("/team/info?team_id=t-1")).Status.Should().Be(200);
        (await boss.GetJsonAsync($"/key/info?key={key}")).Status.Should().Be(200);
        (await member.PostAsync("/team/member_add", """{"team_id": "t-1", "member": {"role": "admin", "user_id": "u-1"}}""")).Refusal().Should().Be((403, "auth_error", "team_id"));
        (await boss.PostAsync("/team/member_add", """{"team_id": "t-1", "member": {"role": "user", "user_id": "u-2"}}""")).Status.Should().Be(200);
        (await boss.PostAsync("/team/member_update", """{"team_id": "t-1", "user_id": "u-2", "max_budget_in_team": 5}""")).Status.Should().Be(200);
    }

    [Test]
    public async Task A_role_is_another_on_the_next_request_and_a_blocked_admin_is_out()
    {
        using var client = await UserAsync("u-1", "internal_user");
        (await client.PostAsync("/team/new", "{}")).Status.Should().Be(401);

        await _server.Admin.PostAsync("/user/update", """{"user_id": "u-1", "user_role": "proxy_admin"}""");
        (await client.PostAsync("/team/new", "{}")).Status.Should().Be(200);

        var token = (await client.GetJsonAsync("/key/info")).Body.GetProperty("key").GetString();
        await _server.Admin.PostAsync("/key/block", $$"""{"key": "{{token}}"}""");
        (await client.GetJsonAsync("/team/info?team_id=nobody")).Message().Should().Contain("Key is blocked");

        await _server.Admin.PostAsync("/key/unblock", $$"""{"key": "{{token}}"}""");
        await _server.Admin.PostAsync("/user/update", """{"user_id": "u-1", "user_role": "internal_user_viewer"}""");
        (await client.PostAsync("/team/new", "{}")).Status.Should().Be(401);
    }

    [TestCase("superuser")]
    [TestCase("PROXY_ADMIN")]
    public async Task What_is_no_role_is_refused(string role) =>
        (await _server.Admin.PostAsync("/user/new", $$"""{"user_id": "u-1", "user_role": "{{role}}"}""")).Refusal().Should().Be((422, "invalid_request_error", "user_role"));

    [TestCase(""" "key_type": "llm_api" """, 403, 403)]
    [TestCase(""" "key_type": "read_only" """, 200, 403)]
    [TestCase(""" "key_type": "management" """, 200, 200)]
    [TestCase(""" "allowed_routes": ["info_routes"] """, 200, 403)]
    [TestCase(""" "allowed_routes": ["/key/info"] """, 200, 403)]
    [TestCase(""" "allowed_routes": ["/team/*"] """, 403, 200)]
    [TestCase(""" "allowed_routes": ["/key/*", "/team/new"] """, 200, 200)]
    public async Task A_key_is_good_for_its_routes_only(string fields, int look, int change)
    {
        await _server.Admin.PostAsync("/user/new", """{"user_id": "u-1", "user_role": "proxy_admin", "auto_create_key": false}""");
        using var client = _server.With(await _server.CreateKeyAsync($""" "user_id": "u-1", {fields} """));

        ((await client.GetJsonAsync("/key/info")).Status, (await client.PostAsync("/team/new", "{}")).Status).Should().Be((look, change));
        (await client.PostAsync("/KEY/GENERATE", $"{{{fields}}}")).Status.Should().Be(fields.Contains("/key/*", StringComparison.Ordinal) || fields.Contains("management", StringComparison.Ordinal) ? 200 : 403);
    }

    /// <summary>Makes an organisation, and the user its admin.</summary>
    private async Task LookAfterAsync(string organization, string user)
    {
        await _server.Admin.PostAsync("/organization/new", $$"""{"organization_id": "{{organization}}"}""");
        (await _server.Admin.PostAsync("/organization/member_add", $$"""{"organization_id": "{{organization}}", "member": {"role": "org_admin", "user_id": "{{user}}"} }""")).Status.Should().Be(200);
    }

    private async Task<HttpClient> UserAsync(string id, string role)
    {
        var (status, body) = await _server.Admin.PostAsync("/user/new", $$"""{"user_id": "{{id}}", "user_role": "{{role}}"}""");
        status.Should().Be(200, body.ToString());
        return _server.With(body.GetProperty("key").GetString()!);
    }

    private IEnumerable<(string Method, string Path, AccessRule Rule)> Endpoints() =>
        from endpoint in _server.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
        from method in endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods
        select (method, ManagementPaths.Of(endpoint), endpoint.Metadata.GetMetadata<AccessPolicy>()!.Rule);

    private static async Task<(HttpStatusCode Status, string Text)> SendAsync(HttpClient client, string method, string path)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (method != "GET") request.Content = new StringContent("{}", Encoding.UTF8, "application/json");
        using var response = await client.SendAsync(request);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }
}

/// <summary>A path that leads to an endpoint.</summary>
internal static class ManagementPaths
{
    public static string Of(RouteEndpoint endpoint)
    {
        var pattern = endpoint.RoutePattern.RawText!;
        return pattern.Contains("disable_logging", StringComparison.Ordinal) ? "/team/x/disable_logging"
            : pattern.Contains("callback/[", StringComparison.Ordinal) ? "/team/x/callback/langfuse"
            : pattern.Contains("callback", StringComparison.Ordinal) ? "/team/x/callback"
            : pattern.Replace("{", "", StringComparison.Ordinal).Replace("}", "", StringComparison.Ordinal);
    }
}
