using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Host.Hosting;
using Proxy.Tests.Management;

namespace Proxy.Tests.Gateway;

/// <summary>What proxy.json says of new keys: who may make them, what they get unasked, and the most that they may be given.</summary>
internal sealed class KeyOptionTests
{
    private static readonly string[] Fields = ["max_budget", "user_id", "max_parallel_requests", "tpm_limit", "rpm_limit", "budget_duration", "models"];

    [Test]
    public async Task A_key_that_says_nothing_gets_what_is_usual_and_one_that_says_something_that()
    {
        await using var gateway = await StartAsync(("DefaultKeyParams", """
            {"MaxBudget": 1.5, "UserId": "u-1", "TeamId": "t-1", "MaxParallelRequests": 2, "TpmLimit": 3, "RpmLimit": 4, "BudgetDuration": "7d", "Models": "a, b", "Metadata": {"own": {"list": [1, "x", true]}}}
            """));
        await gateway.CreateTeamAsync(new JsonObject { ["team_id"] = "t-1", ["members_with_roles"] = JsonNode.Parse("""[{"role": "user", "user_id": "u-1"}]""") });

        var usual = await gateway.PostAsync("/key/generate");
        var own = await gateway.PostAsync("/key/generate", JsonNode.Parse("""{"max_budget": 9, "user_id": "u-2", "team_id": null, "max_parallel_requests": 8, "tpm_limit": 7, "rpm_limit": 6, "budget_duration": "1d", "models": ["c"], "metadata": {}}""")!.AsObject());

        Fields.Append("team_id").Select(field => usual[field]!.ToJsonString()).Should().Equal("1.5", "\"u-1\"", "2", "3", "4", "\"7d\"", """["a","b"]""", "\"t-1\"");
        usual["metadata"]!["own"]!.ToJsonString().Should().Be("""{"list":[1,"x",true]}""");
        Fields.Select(field => own[field]!.ToJsonString()).Should().Equal("9", "\"u-2\"", "8", "7", "6", "\"1d\"", """["c"]""");
    }

    [TestCase("MaxBudget", "10", "max_budget", "11")]
    [TestCase("BudgetDuration", "\"7d\"", "budget_duration", "\"8d\"")]
    [TestCase("Duration", "\"1d\"", "duration", "\"25h\"")]
    [TestCase("MaxParallelRequests", "10", "max_parallel_requests", "11")]
    [TestCase("TpmLimit", "10", "tpm_limit", "11")]
    [TestCase("RpmLimit", "10", "rpm_limit", "11")]
    public async Task More_than_the_most_is_refused_with_field_value_and_bound_from_the_next_request_on(string setting, string most, string field, string value)
    {
        await using var gateway = await StartAsync();
        (await PostAsync(gateway, field, value)).Status.Should().Be(200);

        gateway.Folder.WriteConfig(TestClusters.Demo, new JsonObject { ["UpperBoundKeyParams"] = new JsonObject { [setting] = JsonNode.Parse(most) } });
        var (status, body) = await Eventually.BecomesAsync(() => PostAsync(gateway, field, value), answer => answer.Status == 400);

        status.Should().Be(400);
        body.GetProperty("error").GetProperty("message").GetString().Should().Contain(field).And.Contain(value.Trim('"')).And.Contain(most.Trim('"'));
        body.GetProperty("error").GetProperty("param").GetString().Should().Be(field);
        (await PostAsync(gateway, field, most)).Status.Should().Be(200, "the most itself may be given");
    }

    [Test]
    public async Task Who_may_make_keys_and_what_they_must_state_is_read_and_followed_while_running()
    {
        await using var gateway = await StartAsync(("KeyGenerationSettings", """
            {"TeamKeyGeneration": {"AllowedTeamMemberRoles": "admin", "RequiredParams": "tags, key_alias"}, "PersonalKeyGeneration": {"AllowedUserRoles": "proxy_admin", "RequiredParams": "max_budget"}}
            """));
        await gateway.Admin.PostAsync("/team/new", """{"team_id": "t-1", "members_with_roles": [{"role": "user", "user_id": "u-1"}]}""");
        await gateway.Admin.PostAsync("/user/new", """{"user_id": "u-1", "user_role": "internal_user", "auto_create_key": false}""");
        var (_, made) = await gateway.Admin.PostAsync("/key/generate", """{"user_id": "u-1", "max_budget": 1}""");
        using var user = gateway.With(made.GetProperty("key").GetString()!);

        (await gateway.Admin.PostAsync("/key/generate", "{}")).Message().Should().Be("Required param max_budget not in data");
        (await user.PostAsync("/key/generate", """{"max_budget": 1}""")).Message().Should().Be(
            "Personal key creation has been restricted by admin. Allowed roles=['proxy_admin']. Your role=internal_user");
        (await user.PostAsync("/key/generate", """{"team_id": "t-1", "tags": ["a"], "key_alias": "b"}""")).Message().Should().Be(
            "Team member role user not in allowed_team_member_roles=['admin']");

        gateway.Folder.WriteConfig(TestClusters.Demo, new JsonObject { ["KeyGenerationSettings"] = JsonNode.Parse("""{"TeamKeyGeneration": {"RequiredParams": "tags, key_alias"}}""") });
        var opened = await Eventually.BecomesAsync(() => user.PostAsync("/key/generate", "{}"), answer => answer.Status == 200);

        opened.Status.Should().Be(200, opened.Body.ToString());
        (await user.PostAsync("/key/generate", """{"team_id": "t-1", "tags": ["a"]}""")).Refusal().Should().Be((400, "auth_error", "key_alias"));
    }

    [TestCase("DefaultKeyParams", "MaxBudget", "-1")]
    [TestCase("DefaultKeyParams", "MaxBudget", "\"much\"")]
    [TestCase("DefaultKeyParams", "MaxParallelRequests", "-1")]
    [TestCase("DefaultKeyParams", "TpmLimit", "1.5")]
    [TestCase("DefaultKeyParams", "RpmLimit", "-1")]
    [TestCase("DefaultKeyParams", "BudgetDuration", "\"soon\"")]
    [TestCase("DefaultKeyParams", "MaxBugdet", "1")]
    [TestCase("UpperBoundKeyParams", "MaxBudget", "-1")]
    [TestCase("UpperBoundKeyParams", "BudgetDuration", "\"1y6mo\"")]
    [TestCase("UpperBoundKeyParams", "Duration", "\"-1d\"")]
    [TestCase("UpperBoundKeyParams", "MaxParallelRequests", "\"x\"")]
    [TestCase("UpperBoundKeyParams", "TpmLimit", "-1")]
    [TestCase("UpperBoundKeyParams", "RpmLimit", "99999999999999999999")]
    [TestCase("DefaultKeyParams", "Models", "[\"a\", \"b\"]")]
    [TestCase("UpperBoundKeyParams", "MaxBudget", "{\"usd\": 1}")]
    [TestCase("KeyGenerationSettings", "TeamKeys", "{}")]
    [TestCase("KeyGenerationSettings:TeamKeyGeneration", "AllowedTeamMemberRoles", "[\"admin\"]")]
    [TestCase("KeyGenerationSettings:TeamKeyGeneration", "RequiredParams", "[\"tags\"]")]
    [TestCase("KeyGenerationSettings:TeamKeyGeneration", "AllowedTeamMemberRoles", "\"admin, boss\"")]
    [TestCase("KeyGenerationSettings:TeamKeyGeneration", "AllowedTeamMemberRoles", "\" \"")]
    [TestCase("KeyGenerationSettings:TeamKeyGeneration", "AllowedUserRoles", "\"proxy_admin\"")]
    [TestCase("KeyGenerationSettings:TeamKeyGeneration", "RequiredParams", "\"tag\"")]
    [TestCase("KeyGenerationSettings:PersonalKeyGeneration", "AllowedUserRoles", "\"admin\"")]
    [TestCase("KeyGenerationSettings:PersonalKeyGeneration", "AllowedUserRoles", "\"\"")]
    public async Task What_cannot_be_meant_is_named_and_does_not_start(string section, string setting, string value)
    {
        using var folder = await TestFolder.CreateAsync();
        folder.WriteConfig(TestClusters.Demo, Nested(section, new JsonObject { [setting] = JsonNode.Parse(value) }));

        var (app, faults) = await Host.Hosting.Gateway.CreateAsync(new GatewayOptions(folder.ConfigPath, "http://127.0.0.1:0"));

        app.Should().BeNull();
        faults.Should().ContainSingle().Which.Should().Contain(section).And.Contain(setting);
    }

    private static JsonObject Nested(string path, JsonObject inner) =>
        path.Split(':').Reverse().Aggregate(inner, (value, name) => new JsonObject { [name] = value });

    private static Task<TestGateway> StartAsync(params (string Section, string Json)[] sections) =>
        TestGateway.StartAsync(sections: new JsonObject(sections.Select(section => KeyValuePair.Create(section.Section, JsonNode.Parse(section.Json)))));

    private static Task<(int Status, System.Text.Json.JsonElement Body)> PostAsync(TestGateway gateway, string field, string value) =>
        gateway.Admin.PostAsync("/key/generate", $$"""{"{{field}}": {{value}}}""");
}
