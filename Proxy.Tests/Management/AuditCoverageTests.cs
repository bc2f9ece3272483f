using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using FluentAssertions;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Proxy.Management.Access;
using Proxy.Tests.Databases;

namespace Proxy.Tests.Management;

/// <summary>No endpoint that changes something is forgotten by the audit.</summary>
[OnEachEngine]
internal sealed class AuditCoverageTests
{
    private const string Budgets = "LiteLLM_BudgetTable";
    private const string Organizations = "LiteLLM_OrganizationTable";
    private const string Users = "LiteLLM_UserTable";
    private const string Tags = "LiteLLM_TagTable";
    private const string Customers = "LiteLLM_EndUserTable";
    private const string Teams = "LiteLLM_TeamTable";
    private const string Memberships = "LiteLLM_TeamMembership";
    private const string Keys = "LiteLLM_VerificationToken";

    private const string Secret = "sk-lf-1234567890-secret";

    /// <summary>One call of each endpoint that changes something, in an order in which each has something to change.</summary>
    private static readonly (string Call, string Body, string Table, string Object, string Action)[] Changes =
    [
        ("POST /budget/new", """{"budget_id": "b-1", "max_budget": 5}""", Budgets, "b-1", "created"),
        ("POST /budget/update", """{"budget_id": "b-1", "max_budget": 6}""", Budgets, "b-1", "updated"),
        ("POST /budget/delete", """{"id": "b-1"}""", Budgets, "b-1", "deleted"),
        ("POST /organization/new", """{"organization_id": "o-1", "max_budget": 5}""", Organizations, "o-1", "created"),
        ("POST /organization/update", """{"organization_id": "o-1", "max_budget": 6}""", Organizations, "o-1", "updated"),
        ("PATCH /organization/update", """{"organization_id": "o-1", "max_budget": 7}""", Organizations, "o-1", "updated"),
        ("POST /organization/member_add", """{"organization_id": "o-1", "member": {"role": "org_admin", "user_id": "u-0"}}""", Users, "u-0", "created"),
        ("POST /organization/member_update", """{"organization_id": "o-1", "user_id": "u-0", "role": "internal_user"}""", Users, "u-0", "updated"),
        ("PATCH /organization/member_update", """{"organization_id": "o-1", "user_id": "u-0", "role": "org_admin"}""", Users, "u-0", "updated"),
        ("POST /organization/member_delete", """{"organization_id": "o-1", "user_id": "u-0"}""", Users, "u-0", "updated"),
        ("POST /organization/member_add", """{"organization_id": "o-1", "member": {"role": "org_admin", "user_id": "u-0"}}""", Users, "u-0", "updated"),
        ("DELETE /organization/member_delete", """{"organization_id": "o-1", "user_id": "u-0"}""", Users, "u-0", "updated"),
        ("POST /organization/delete", """{"organization_ids": ["o-1"]}""", Organizations, "o-1", "deleted"),
        ("POST /organization/new", """{"organization_id": "o-2"}""", Organizations, "o-2", "created"),
        ("DELETE /organization/delete", """{"organization_ids": ["o-2"]}""", Organizations, "o-2", "deleted"),
        ("POST /tag/new", """{"name": "g-1"}""", Tags, "g-1", "created"),
        ("POST /tag/update", """{"name": "g-1", "max_budget": 6}""", Tags, "g-1", "updated"),
        ("POST /tag/delete", """{"names": ["g-1"]}""", Tags, "g-1", "deleted"),
        .. OfCustomers("/customer"),
        .. OfCustomers("/end_user"),
        ("POST /user/new", """{"user_id": "u-1", "auto_create_key": false}""", Users, "u-1", "created"),
        ("POST /user/update", """{"user_id": "u-1", "max_budget": 6}""", Users, "u-1", "updated"),
        ("POST /user/bulk_update", """{"users": [{"user_id": "u-1", "max_budget": 7}]}""", Users, "u-1", "updated"),
        ("POST /team/new", """{"team_id": "t-1", "models": ["a"]}""", Teams, "t-1", "created"),
        ("POST /team/update", """{"team_id": "t-1", "max_budget": 6}""", Teams, "t-1", "updated"),
        ("POST /team/block", """{"team_id": "t-1"}""", Teams, "t-1", "blocked"),
        ("POST /team/unblock", """{"team_id": "t-1"}""", Teams, "t-1", "unblocked"),
        ("POST /team/member_add", """{"team_id": "t-1", "member": {"role": "user", "user_id": "u-1"}}""", Teams, "t-1", "updated"),
        ("POST /team/bulk_member_add", """{"team_id": "t-1", "members": [{"role": "user", "user_id": "u-2"}]}""", Users, "u-2", "created"),
        ("POST /team/member_update", """{"team_id": "t-1", "user_id": "u-1", "max_budget_in_team": 1}""", Memberships, "u-1 of t-1", "updated"),
        ("POST /team/member_delete", """{"team_id": "t-1", "user_id": "u-2"}""", Memberships, "u-2 of t-1", "deleted"),
        ("POST /team/model/add", """{"team_id": "t-1", "models": ["b"]}""", Teams, "t-1", "updated"),
        ("POST /team/model/delete", """{"team_id": "t-1", "models": ["b"]}""", Teams, "t-1", "updated"),
        ("POST /team/permissions_update", """{"team_id": "t-1", "team_member_permissions": ["/key/info"]}""", Teams, "t-1", "updated"),
        ("POST /team/t-1/callback", Callback, Teams, "t-1", "updated"),
        ("DELETE /team/t-1/callback/langfuse", "", Teams, "t-1", "updated"),
        ("POST /team/t-1/disable_logging", "", Teams, "t-1", "updated"),
        ("POST /key/generate", """{"key": "sk-audited", "key_alias": "first", "team_id": "t-1"}""", Keys, "KEY", "created"),
        ("POST /key/update", """{"key": "sk-audited", "max_budget": 6}""", Keys, "KEY", "updated"),
        ("POST /key/bulk_update", """{"keys": [{"key": "sk-audited", "max_budget": 7}]}""", Keys, "KEY", "updated"),
        ("POST /key/sk-audited/reset_spend", """{"reset_to": 0}""", "", "", ""),
        ("POST /global/spend/reset", "", Keys, "*", "updated"),
        ("POST /key/block", """{"key": "sk-audited"}""", Keys, "KEY", "blocked"),
        ("POST /key/unblock", """{"key": "sk-audited"}""", Keys, "KEY", "unblocked"),
        ("POST /key/regenerate", """{"key": "sk-audited", "new_key": "sk-audited-second"}""", Keys, "KEY", "rotated"),
        ("POST /key/sk-audited-second/regenerate", """{"new_key": "sk-audited-third"}""", Keys, "KEY", "rotated"),
        ("POST /key/delete", """{"keys": ["sk-audited-third"]}""", Keys, "KEY", "deleted"),
        ("POST /key/service-account/generate", """{"key": "sk-audited", "team_id": "t-1", "key_alias": "robot"}""", Keys, "KEY", "created"),
        ("POST /team/delete", """{"team_ids": ["t-1"]}""", Keys, "KEY", "deleted"),
        ("POST /user/delete", """{"user_ids": ["u-1"]}""", Users, "u-1", "deleted"),
    ];

    private const string Callback = """
        {"callback_name": "langfuse", "callback_type": "success",
            "callback_vars": {"langfuse_public_key": "pk-lf-1", "langfuse_secret_key": "
        """ + Secret + """
        ", "langfuse_host": "https://logs.example.com"}}
        """;

    private ManagementServer _server = null!;

    [SetUp]
    public async Task StartAsync() => _server = await ManagementServer.StartAsync();

    [TearDown]
    public async Task StopAsync() => await _server.DisposeAsync();

    [Test]
    public async Task Each_endpoint_that_changes_something_leaves_what_it_was_and_is()
    {
        foreach (var (call, body, table, id, action) in Changes)
        {
            var before = await TotalAsync();
            await SendAsync(call, body);

            var rows = (await ListAsync("/audit?page_size=100")).Body.GetProperty("audit_logs").EnumerateArray().Take((int)(await TotalAsync() - before)).ToList();
            var objectId = id == "KEY" ? HashOf("sk-audited") : id;
            if (table.Length > 0) rows.Should().ContainSingle(row => Text(row, "table_name") == table && Text(row, "object_id") == objectId && Text(row, "action") == action, call);
            foreach (var row in rows)
            {
                (row.GetProperty("before_value").ValueKind == JsonValueKind.Null).Should().Be(Text(row, "action") == "created" || Text(row, "object_id") == "*", call);
                (row.GetProperty("updated_values").ValueKind == JsonValueKind.Null).Should().Be(Text(row, "action") == "deleted", call);
                Text(row, "changed_by").Should().Be("default_user_id", call);
            }
        }

        var called = Changes.Select(change => change.Call.Replace("/t-1/", "/x/", StringComparison.Ordinal).Replace("/sk-audited-second/", "/key/", StringComparison.Ordinal).Replace("/sk-audited/", "/key/", StringComparison.Ordinal));
        Changing().Except(called).Should().BeEmpty("each endpoint that changes something is among the calls of this test");
        (await ListAsync("/audit?page_size=100")).Body.GetRawText().Should().NotContain(Secret).And.NotContain("sk-audited");
    }

    private static (string Call, string Body, string Table, string Object, string Action)[] OfCustomers(string prefix) =>
    [
        ($"POST {prefix}/new", """{"user_id": "c-1"}""", Customers, "c-1", "created"),
        ($"POST {prefix}/update", """{"user_id": "c-1", "max_budget": 6}""", Customers, "c-1", "updated"),
        ($"POST {prefix}/block", """{"user_ids": ["c-1"]}""", Customers, "c-1", "blocked"),
        ($"POST {prefix}/unblock", """{"user_ids": ["c-1"]}""", Customers, "c-1", "unblocked"),
        ($"POST {prefix}/delete", """{"user_ids": ["c-1"]}""", Customers, "c-1", "deleted"),
    ];

    /// <summary>The endpoints that change something, by their patterns.</summary>
    private IEnumerable<string> Changing() =>
        from endpoint in _server.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
        where endpoint.Metadata.GetMetadata<AccessPolicy>()?.Rule is AccessRule.Admin or AccessRule.OrganizationManager or AccessRule.Manager
        from method in endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods
        where method != "GET"
        select $"{method} {ManagementPaths.Of(endpoint)}";

    private async Task SendAsync(string call, string body)
    {
        var (method, path) = (call.Split(' ')[0], call.Split(' ')[1]);
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        request.Content = new StringContent(body.Length == 0 ? "{}" : body, Encoding.UTF8, "application/json");
        using var response = await _server.Admin.SendAsync(request);
        response.IsSuccessStatusCode.Should().BeTrue("{0} answered {1}: {2}", call, response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    private static string HashOf(string key) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));

    private async Task<(int Status, JsonElement Body)> ListAsync(string path) => await _server.Admin.GetJsonAsync(path);

    private async Task<long> TotalAsync() => (await ListAsync("/audit?page_size=1")).Body.GetProperty("total").GetInt64();

    private static string? Text(JsonElement row, string name) => row.GetProperty(name).GetString();
}
