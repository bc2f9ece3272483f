using System.Text.Json;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Tests.Databases;

namespace Proxy.Tests.Management;

/// <summary>Users in pages; customers and tags that go, and customers that are blocked.</summary>
[OnEachEngine]
internal sealed class AccountListTests
{
    private ManagementServer _server = null!;

    [SetUp]
    public async Task StartAsync() => _server = await ManagementServer.StartAsync();

    [TearDown]
    public async Task StopAsync() => await _server.DisposeAsync();

    [Test]
    public async Task Users_are_listed_in_pages_by_role_and_by_id()
    {
        foreach (var (id, role) in ((string, string)[])[("u-1", "internal_user"), ("u-2", "internal_user_viewer"), ("u-3", "internal_user")])
            (await _server.Admin.PostAsync("/user/new", $$"""{"user_id": "{{id}}", "user_role": "{{role}}", "auto_create_key": false}""")).Status.Should().Be(200);

        (await IdsAsync("/user/list?role=internal_user")).Should().Equal("u-1", "u-3");
        (await IdsAsync("/user/get_users?user_ids=u-3,u-2,nobody")).Should().Equal("u-2", "u-3");
        (await IdsAsync("/user/list?user_ids=")).Should().BeEmpty();
        (await IdsAsync("/user/list?user_ids=u-%25")).Should().BeEmpty();
        var page = (await _server.Admin.GetJsonAsync("/user/list?page=2&page_size=2")).Body;
        page.GetProperty("users").EnumerateArray().Select(Id).Should().Equal("u-3");
        (page.GetProperty("total").GetInt64(), page.GetProperty("total_pages").GetInt64()).Should().Be((3, 2));
        (await _server.Admin.GetJsonAsync("/user/available_roles")).Body.EnumerateObject().Select(role => role.Name).Should().Contain(["proxy_admin", "internal_user"]);
    }

    [TestCase("role=superuser", 400, "role")]
    [TestCase("page=0", 422, "page")]
    [TestCase("page_size=101", 422, "page_size")]
    [TestCase("user_ids=%00", 400, "user_ids")]
    public async Task What_cannot_be_listed_is_refused_by_name(string query, int status, string field) =>
        (await _server.Admin.GetJsonAsync($"/user/list?{query}")).Refusal().Should().Be((status, "invalid_request_error", field));

    [Test]
    public async Task Customers_go_all_that_are_named_or_none()
    {
        await _server.Admin.PostAsync("/customer/new", """{"user_id": "acme", "max_budget": 1}""");
        await _server.Admin.PostAsync("/customer/new", """{"user_id": "umbrella"}""");

        (await _server.Admin.PostAsync("/customer/delete", """{"user_ids": ["acme", "nobody"]}""")).Refusal().Should().Be((404, "not_found_error", "user_id"));
        (await _server.Admin.GetJsonAsync("/customer/info?end_user_id=acme")).Status.Should().Be(200);
        (await _server.Admin.PostAsync("/customer/delete", """{"user_ids": ["acme", "acme", "umbrella"]}""")).Body.GetProperty("deleted_customers").GetInt32().Should().Be(2);
        (await _server.Admin.GetJsonAsync("/customer/info?end_user_id=acme")).Status.Should().Be(404);
        (await _server.Admin.PostAsync("/customer/delete", """{"user_ids": []}""")).Refusal().Should().Be((422, "invalid_request_error", "user_ids"));
    }

    [Test]
    public async Task A_customer_of_whom_nobody_heard_can_be_blocked_and_let_in_again()
    {
        var blocked = (await _server.Admin.PostAsync("/end_user/block", """{"user_ids": ["acme"]}""")).Body.GetProperty("blocked_users");
        blocked.EnumerateArray().Select(customer => (Id(customer), customer.GetProperty("blocked").GetBoolean())).Should().Equal(("acme", true));

        await _server.Admin.PostAsync("/customer/unblock", """{"user_ids": ["acme"]}""");

        (await _server.Admin.GetJsonAsync("/customer/info?end_user_id=acme")).Body.GetProperty("blocked").GetBoolean().Should().BeFalse();
    }

    [Test]
    public async Task Tags_go_and_one_shared_budget_is_shown()
    {
        await _server.Admin.PostAsync("/tag/new", """{"name": "nightly", "max_budget": 1}""");
        await _server.Admin.PostAsync("/budget/new", """{"budget_id": "b-1", "max_budget": 3}""");

        (await _server.Admin.PostAsync("/tag/delete", """{"names": ["nightly"]}""")).Status.Should().Be(200);
        (await _server.Admin.GetJsonAsync("/tag/info?name=nightly")).Status.Should().Be(404);
        (await _server.Admin.GetJsonAsync("/budget/settings?budget_id=b-1")).Body.GetProperty("max_budget").GetDecimal().Should().Be(3);
        (await _server.Admin.GetJsonAsync("/budget/settings?budget_id=b-2")).Status.Should().Be(404);
        (await _server.Admin.GetJsonAsync("/budget/settings")).Status.Should().Be(422);
    }

    private static string? Id(JsonElement account) => account.GetProperty("user_id").GetString();

    private async Task<IEnumerable<string?>> IdsAsync(string path)
    {
        var (status, body) = await _server.Admin.GetJsonAsync(path);
        status.Should().Be(200, body.ToString());
        return [.. body.GetProperty("users").EnumerateArray().Select(Id)];
    }
}
