using System.Text.Json;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Proxy.Management.Keys;
using Proxy.Tests.Databases;

namespace Proxy.Tests.Management;

/// <summary>What the operator says of new keys: defaults, upper bounds, policies of a host application.</summary>
[OnEachEngine]
internal sealed class KeyGenerationTests
{
    [Test]
    public async Task Defaults_fill_what_is_not_stated()
    {
        await using var server = await StartAsync(new KeyDefaults { MaxBudget = 5, RpmLimit = 7, UserId = "u-1", Models = ["gpt-4o"], Metadata = """{"team": "x"}""" });

        var filled = await GenerateAsync(server, """{"max_budget": null, "models": []}""");
        var stated = await GenerateAsync(server, """{"max_budget": 2, "models": ["m"], "user_id": "u-2", "metadata": {"a": 1}}""");

        (filled.GetProperty("max_budget").GetDecimal(), filled.GetProperty("rpm_limit").GetInt64(), filled.GetProperty("user_id").GetString(), filled.GetProperty("models")[0].GetString())
            .Should().Be((5m, 7L, "u-1", "gpt-4o"));
        filled.GetProperty("metadata").ToString().Should().Be("""{"team":"x"}""");
        (stated.GetProperty("max_budget").GetDecimal(), stated.GetProperty("user_id").GetString(), stated.GetProperty("models")[0].GetString()).Should().Be((2m, "u-2", "m"));
        stated.GetProperty("metadata").ToString().Should().Be("""{"a":1}""");
    }

    [TestCase("max_budget", "200", "200", "100")]
    [TestCase("tpm_limit", "1001", "1001", "1000")]
    [TestCase("duration", "\"31d\"", "31d", "30d")]
    [TestCase("budget_duration", "\"2w\"", "2w", "7d")]
    public async Task A_value_over_its_bound_is_refused_with_field_value_and_bound(string field, string value, string shown, string bound)
    {
        await using var server = await StartAsync(bounds: Bounds);
        var key = await server.CreateKeyAsync();
        var expected = $"{field} is over max limit set in config - user_value={shown}; max_value={bound}";

        foreach (var (path, start) in new[] { ("/key/generate", ""), ("/key/update", $"\"key\": \"{key}\", "), ($"/key/{key}/regenerate", "") })
        {
            var answer = await server.Admin.PostAsync(path, $"{{{start}\"{field}\": {value}}}");
            answer.Refusal().Should().Be((400, "auth_error", field), path);
            answer.Message().Should().Be(expected);
        }

        (await server.AuthenticateAsync(key)).IsAllowed.Should().BeTrue();
    }

    [Test]
    public async Task What_is_not_stated_or_cleared_gets_the_bound()
    {
        await using var server = await StartAsync(bounds: Bounds);

        var made = await GenerateAsync(server, """{"max_budget": 100, "duration": "24h"}""");
        (made.GetProperty("max_budget").GetDecimal(), made.GetProperty("tpm_limit").GetInt64(), made.GetProperty("budget_duration").GetString()).Should().Be((100m, 1000L, "7d"));
        made.GetProperty("expires").GetDateTimeOffset().Should().Be(server.Time.GetUtcNow().AddDays(1));

        var (_, updated) = await server.Admin.PostAsync("/key/update", $$"""{"key": "{{made.GetProperty("key").GetString()}}", "max_budget": null, "rpm_limit": null}""");
        (updated.GetProperty("max_budget").GetDecimal(), updated.GetProperty("rpm_limit").ValueKind).Should().Be((100m, JsonValueKind.Null));
    }

    [Test]
    public async Task A_budget_is_not_raised_over_the_bound_by_a_temporary_increase()
    {
        await using var server = await StartAsync(bounds: new KeyBounds { MaxBudget = 10 });
        const string Increase = """ "temp_budget_increase": 3, "temp_budget_expiry": "2099-01-01T00:00:00Z" """;
        var key = (await GenerateAsync(server, """{"max_budget": 7.5}""")).GetProperty("key").GetString();

        var (status, body) = await server.Admin.PostAsync("/key/update", $$"""{"key": "{{key}}", {{Increase}}}""");
        (status, body.GetProperty("error").GetProperty("param").GetString()).Should().Be((400, "temp_budget_increase"));
        body.GetProperty("error").GetProperty("message").GetString().Should().Contain("user_value=10.5; max_value=10");
        (await server.Admin.PostAsync("/key/generate", $$$"""{"max_budget": 8, "metadata": {{{{Increase}}}}}""")).Refusal().Param.Should().Be("temp_budget_increase");

        (await server.Admin.PostAsync("/key/update", $$"""{"key": "{{key}}", "max_budget": 7, {{Increase}}}""")).Status.Should().Be(200);
        (await server.Admin.PostAsync("/key/update", $$"""{"key": "{{key}}", "max_budget": 8}""")).Refusal().Param.Should().Be("temp_budget_increase");
        server.Services.GetRequiredService<KeyGenerationRules>().Apply(new KeyGenerationSettings { Bounds = new KeyBounds { MaxBudget = 5 } });
        (await server.Admin.PostAsync("/key/update", $$"""{"key": "{{key}}", "key_alias": "old"}""")).Status.Should().Be(200, "what was so before the bound stays");

        server.Services.GetRequiredService<KeyGenerationRules>().Apply(new KeyGenerationSettings { Bounds = Bounds });
        server.Time.Advance(TimeSpan.FromDays(365 * 80));
        (await server.Admin.PostAsync("/key/update", $$"""{"key": "{{key}}", "max_budget": 99}""")).Status.Should().Be(200, "an increase that is over raises nothing");
    }

    [Test]
    public async Task A_default_over_the_bound_is_refused_and_new_rules_hold_at_once()
    {
        await using var server = await StartAsync(new KeyDefaults { MaxBudget = 101 }, Bounds);
        (await server.Admin.PostAsync("/key/generate", "{}")).Refusal().Should().Be((400, "auth_error", "max_budget"));

        server.Services.GetRequiredService<KeyGenerationRules>().Apply(new KeyGenerationSettings());

        (await GenerateAsync(server, "{}")).GetProperty("max_budget").ValueKind.Should().Be(JsonValueKind.Null);
    }

    [Test]
    public async Task A_policy_of_the_host_refuses_with_its_own_words()
    {
        var policy = new TestPolicy();
        await using var server = await ManagementServer.StartAsync(services => services.AddSingleton<IKeyGenerationPolicy>(policy));
        await GenerateAsync(server, """{"key_alias": "good", "key": "sk-chosen-by-me"}""");
        policy.Seen.Should().Contain("good").And.NotContain("sk-chosen");

        policy.Decision = new KeyGenerationDecision(false, "Only on weekdays.");
        var refused = await server.Admin.PostAsync("/key/generate", """{"key_alias": "bad"}""");
        refused.Refusal().Should().Be((403, "auth_error", null));
        refused.Message().Should().Be("Only on weekdays.");
        policy.Decision = new KeyGenerationDecision(false);
        (await server.Admin.PostAsync("/key/service-account/generate", """{"team_id": "t"}""")).Message().Should().Be("Authentication Failed - Custom Auth Rule");
        (await server.Admin.GetJsonAsync("/key/list?key_alias=bad")).Body.GetProperty("total_count").GetInt32().Should().Be(0);
    }

    [Test]
    public async Task A_service_account_belongs_to_its_team_and_to_no_user()
    {
        await using var server = await StartAsync(new KeyDefaults { UserId = "u-default" });
        await server.CreateTeamAsync(""" "team_id": "t-1" """);

        var (status, body) = await server.Admin.PostAsync("/key/service-account/generate", """{"team_id": "t-1", "user_id": "u-1", "key_alias": "ci", "metadata": {"a": 1}}""");

        status.Should().Be(200, body.ToString());
        (body.GetProperty("team_id").GetString(), body.GetProperty("user_id").ValueKind).Should().Be(("t-1", JsonValueKind.Null));
        body.GetProperty("metadata").ToString().Should().Be("""{"a":1,"service_account_id":"ci"}""");
        (await server.Admin.PostAsync("/key/service-account/generate", "{}")).Refusal().Should().Be((422, "invalid_request_error", "team_id"));
    }

    private static KeyBounds Bounds => new() { MaxBudget = 100, TpmLimit = 1000, Duration = "30d", BudgetDuration = "7d" };

    private static async Task<ManagementServer> StartAsync(KeyDefaults? defaults = null, KeyBounds? bounds = null)
    {
        var server = await ManagementServer.StartAsync();
        server.Services.GetRequiredService<KeyGenerationRules>().Apply(new KeyGenerationSettings { Defaults = defaults ?? new KeyDefaults(), Bounds = bounds ?? new KeyBounds() });
        return server;
    }

    private static async Task<JsonElement> GenerateAsync(ManagementServer server, string body)
    {
        var (status, answer) = await server.Admin.PostAsync("/key/generate", body);
        status.Should().Be(200, answer.ToString());
        return answer;
    }

    private sealed class TestPolicy : IKeyGenerationPolicy
    {
        public KeyGenerationDecision Decision { get; set; } = new(true);

        public string Seen { get; private set; } = "";

        public ValueTask<KeyGenerationDecision> DecideAsync(KeyGenerationRequest request, CancellationToken cancellationToken)
        {
            Seen = request.Body.ToString();
            return new(Decision);
        }
    }
}
