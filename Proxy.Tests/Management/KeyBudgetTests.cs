using System.Text.Json;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Tests.Databases;

namespace Proxy.Tests.Management;

/// <summary>The budget row that a key has part in, and the limits that it has for single models.</summary>
[OnEachEngine]
internal sealed class KeyBudgetTests
{
    private ManagementServer _server = null!;

    [SetUp]
    public async Task StartAsync() => _server = await ManagementServer.StartAsync();

    [TearDown]
    public async Task StopAsync() => await _server.DisposeAsync();

    [Test]
    public async Task The_limits_of_a_budget_hold_for_its_keys_and_so_does_every_change_of_it()
    {
        await PostAsync("/budget/new", """{"budget_id": "b-1", "max_budget": 1, "budget_duration": "1d"}""");
        var key = await _server.CreateKeyAsync(""" "budget_id": "b-1" """);
        await _server.CallAsync(key, cost: 1);

        (await _server.CallAsync(key))!.Type.Should().Be("budget_exceeded");
        var info = await InfoAsync(key);
        (info.GetProperty("budget_id").GetString(), info.GetProperty("litellm_budget_table").GetProperty("max_budget").GetDecimal()).Should().Be(("b-1", 1m));
        info.GetProperty("budget_reset_at").ValueKind.Should().Be(JsonValueKind.String);

        await PostAsync("/budget/update", """{"budget_id": "b-1", "max_budget": 2}""");
        (await _server.CallAsync(key)).Should().BeNull();
        await PostAsync("/budget/update", """{"budget_id": "b-1", "model_max_budget": {"gpt-4o": 0}}""");
        (await _server.CallAsync(key))!.Scope!.Scope.Should().Be("model_per_key");
        await PostAsync("/key/update", $$"""{"key": "{{key}}", "budget_id": null}""");
        (await _server.CallAsync(key)).Should().BeNull();
    }

    [Test]
    public async Task What_a_key_states_itself_goes_before_its_budget()
    {
        await PostAsync("/budget/new", """{"budget_id": "b-1", "max_budget": 0, "rpm_limit": 1}""");
        var key = await _server.CreateKeyAsync(""" "budget_id": "b-1", "max_budget": 10 """);

        (await _server.CallAsync(key)).Should().BeNull();
        (await _server.CallAsync(key))!.Scope!.RateLimitType.Should().Be("requests");

        await PostAsync("/budget/delete", """{"id": "b-1"}""");
        (await _server.CallAsync(key)).Should().BeNull();
    }

    [Test]
    public async Task The_period_of_a_budget_begins_anew_for_its_keys()
    {
        await PostAsync("/budget/new", """{"budget_id": "b-1", "max_budget": 1, "budget_duration": "1d"}""");
        var key = await _server.CreateKeyAsync(""" "budget_id": "b-1" """);
        await _server.CallAsync(key, cost: 1);
        (await _server.CallAsync(key))!.Type.Should().Be("budget_exceeded");

        _server.Time.Advance(TimeSpan.FromDays(1));

        (await _server.CallAsync(key)).Should().BeNull();
        (await InfoAsync(key)).GetProperty("spend").GetDecimal().Should().Be(0);
    }

    [Test]
    public async Task An_unknown_budget_is_refused()
    {
        var key = await _server.CreateKeyAsync();

        (await _server.Admin.PostAsync("/key/generate", """{"budget_id": "none"}""")).Refusal().Should().Be((400, "invalid_request_error", "budget_id"));
        (await _server.Admin.PostAsync("/key/update", $$"""{"key": "{{key}}", "budget_id": "none"}""")).Refusal().Should().Be((400, "invalid_request_error", "budget_id"));
    }

    [Test]
    public async Task A_soft_budget_makes_a_budget_row_that_goes_with_the_key()
    {
        var (_, made) = await _server.Admin.PostAsync("/key/generate", """{"soft_budget": 5, "model_max_budget": {"m": 1}}""");
        var key = made.GetProperty("key").GetString()!;
        var budget = made.GetProperty("budget_id").GetString()!;
        (await BudgetAsync(budget))!.Value.GetProperty("soft_budget").GetDecimal().Should().Be(5);
        (await BudgetAsync(budget))!.Value.GetProperty("model_max_budget").GetProperty("m").GetDecimal().Should().Be(1);

        await PostAsync("/key/update", $$"""{"key": "{{key}}", "soft_budget": 7}""");
        ((await BudgetAsync(budget))!.Value.GetProperty("soft_budget").GetDecimal(), (await InfoAsync(key)).GetProperty("soft_budget").GetDecimal()).Should().Be((7m, 7m));
        await PostAsync("/budget/update", $$"""{"budget_id": "{{budget}}", "soft_budget": 9}""");
        (await InfoAsync(key)).GetProperty("soft_budget").GetDecimal().Should().Be(9);
        await PostAsync("/key/update", $$"""{"key": "{{key}}", "soft_budget": null}""");
        (await InfoAsync(key)).GetProperty("soft_budget").ValueKind.Should().Be(JsonValueKind.Null);

        await PostAsync("/key/delete", $$"""{"keys": ["{{key}}"]}""");
        (await BudgetAsync(budget)).Should().BeNull();
    }

    [TestCase("model_rpm_limit")]
    [TestCase("metadata")]
    public async Task Limits_of_models_hold_wherever_they_stand(string where)
    {
        const string Limits = """{"gpt-4o": 1}""";
        var key = await _server.CreateKeyAsync(where == "metadata" ? $$""" "metadata": {"model_rpm_limit": {{Limits}}} """ : $$""" "model_rpm_limit": {{Limits}} """);

        (await _server.CallAsync(key)).Should().BeNull();
        (await _server.CallAsync(key))!.Scope!.Scope.Should().Be("model_per_key");
        (await _server.CallAsync(key, model: "other")).Should().BeNull();
        var info = await InfoAsync(key);
        info.GetProperty("model_rpm_limit").GetProperty("gpt-4o").GetInt32().Should().Be(1);
        info.GetProperty("metadata").GetProperty("model_rpm_limit").GetProperty("gpt-4o").GetInt32().Should().Be(1);

        // Metadata replaces what there was, the limits in it included.
        await PostAsync("/key/update", $$$"""{"key": "{{{key}}}", "metadata": {"note": "x"}}""");
        (await _server.CallAsync(key)).Should().BeNull();
    }

    [Test]
    public async Task Limits_of_models_are_merged_and_null_ends_one()
    {
        var key = await _server.CreateKeyAsync(""" "model_tpm_limit": {"a": 1, "b": 2}, "tags": ["t"], "metadata": {"note": "x"} """);

        await PostAsync("/key/update", $$$"""{"key": "{{{key}}}", "model_tpm_limit": {"b": 3, "c": 4, "a": null}}""");

        var info = await InfoAsync(key);
        info.GetProperty("model_tpm_limit").ToString().Should().Be("""{"b":3,"c":4}""");
        info.GetProperty("metadata").GetProperty("note").GetString().Should().Be("x");
        info.GetProperty("tags")[0].GetString().Should().Be("t");
    }

    [TestCase(""" "model_rpm_limit": {"a": -1} """, "model_rpm_limit")]
    [TestCase(""" "model_rpm_limit": {"a": "5"} """, "model_rpm_limit")]
    [TestCase(""" "metadata": {"model_tpm_limit": {"a": 1.5}} """, "metadata")]
    [TestCase(""" "metadata": {"tags": "red"} """, "metadata")]
    [TestCase(""" "model_max_budget": {"a": -1} """, "model_max_budget")]
    [TestCase(""" "model_max_budget": {"a": {"budget_limit": 1, "time_period": "0d"}} """, "model_max_budget")]
    [TestCase(""" "aliases": {"a": 1} """, "aliases")]
    [TestCase(""" "key_type": "root" """, "key_type")]
    [TestCase(""" "rpm_limit_type": "x" """, "rpm_limit_type")]
    [TestCase(""" "rotation_interval": "x" """, "rotation_interval")]
    [TestCase(""" "auto_rotate": true, "rotation_interval": "30d" """, "auto_rotate")]
    [TestCase(""" "temp_budget_increase": 5 """, "temp_budget_increase")]
    public async Task A_field_that_cannot_hold_is_named(string field, string name)
    {
        var (status, type, param) = (await _server.Admin.PostAsync("/key/generate", $"{{{field}}}")).Refusal();

        status.Should().BeOneOf(400, 422);
        (type, param).Should().Be(("invalid_request_error", name));
    }

    private async Task<JsonElement?> BudgetAsync(string id) =>
        (await _server.Admin.PostAsync("/budget/info", $$"""{"budgets": ["{{id}}"]}""")).Body.EnumerateArray().Select(row => (JsonElement?)row).FirstOrDefault();

    private async Task<JsonElement> InfoAsync(string key) => (await _server.Admin.GetJsonAsync($"/key/info?key={key}")).Body.GetProperty("info");

    private async Task PostAsync(string path, string body)
    {
        var (status, answer) = await _server.Admin.PostAsync(path, body);
        status.Should().Be(200, answer.ToString());
    }
}
