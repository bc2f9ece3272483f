using System.Text.Json;
using System.Text.Json.Nodes;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Proxy.Management.Auditing;
using Proxy.Tests.Databases;

namespace Proxy.Tests.Management;

/// <summary>Who changed what: written with the change, or not at all.</summary>
[OnEachEngine]
internal sealed class AuditTests
{
    private const string Secret = "sk-lf-hidden-0123456789";

    private ManagementServer _server = null!;

    [SetUp]
    public async Task StartAsync() => _server = await ManagementServer.StartAsync();

    [TearDown]
    public async Task StopAsync() => await _server.DisposeAsync();

    [Test]
    public async Task Each_change_of_a_key_says_what_was_and_what_is()
    {
        var key = await _server.CreateKeyAsync("\"key_alias\": \"ci\", \"max_budget\": 5");
        await PostAsync("/key/update", $$"""{"key": "{{key}}", "max_budget": 7}""");
        await PostAsync("/key/block", $$"""{"key": "{{key}}"}""");
        await PostAsync("/key/unblock", $$"""{"key": "{{key}}"}""");
        await PostAsync($"/key/{key}/regenerate", "{}");
        await PostAsync("/key/delete", """{"key_aliases": ["ci"]}""");

        var entries = await ListAsync("?table_name=LiteLLM_VerificationToken&page_size=100");

        entries.Select(Action).Should().BeEquivalentTo("created", "updated", "blocked", "unblocked", "rotated", "deleted");
        entries.Select(entry => entry.GetProperty("object_id").GetString()).Distinct().Should().ContainSingle();
        entries.Should().OnlyContain(entry => entry.GetProperty("changed_by").GetString() == "default_user_id");
        var updated = entries.Single(entry => Action(entry) == "updated");
        Budget(updated, "before_value").Should().Be(5);
        Budget(updated, "updated_values").Should().Be(7);
        entries.Single(entry => Action(entry) == "created").GetProperty("before_value").ValueKind.Should().Be(JsonValueKind.Null);
        entries.Single(entry => Action(entry) == "deleted").GetProperty("updated_values").ValueKind.Should().Be(JsonValueKind.Null);
        JsonSerializer.Serialize(entries).Should().NotContain(key);
    }

    [Test]
    public async Task Teams_users_customers_organisations_tags_and_budgets_are_in_it()
    {
        await PostAsync("/team/new", """{"team_id": "search"}""");
        await PostAsync("/user/new", """{"user_id": "u-1", "auto_create_key": false}""");
        await PostAsync("/customer/new", """{"user_id": "acme"}""");
        await PostAsync("/organization/new", """{"organization_alias": "research"}""");
        await PostAsync("/tag/new", """{"name": "nightly"}""");
        await PostAsync("/budget/new", """{"budget_id": "monthly", "max_budget": 1}""");
        await PostAsync("/team/member_add", """{"team_id": "search", "member": {"role": "user", "user_id": "u-1"}}""");

        var created = (await ListAsync("?action=created&page_size=100")).Select(entry => entry.GetProperty("table_name").GetString()).Distinct();

        created.Should().BeEquivalentTo(
            "LiteLLM_TeamTable", "LiteLLM_UserTable", "LiteLLM_EndUserTable", "LiteLLM_OrganizationTable", "LiteLLM_TagTable", "LiteLLM_BudgetTable", "LiteLLM_TeamMembership");
    }

    [Test]
    public async Task Credentials_are_masked()
    {
        await PostAsync("/team/new", $$"""{ "team_id": "search", "metadata": { "upstream": { "api_key": "{{Secret}}" } } }""");
        await PostAsync("/team/search/callback", $$"""
            { "callback_name": "langfuse", "callback_type": "success", "callback_vars": {"langfuse_public_key": "pk-lf-1", "langfuse_secret_key": "{{Secret}}"} }
            """);

        var entries = await ListAsync("?object_id=search");

        entries.Should().HaveCount(2);
        JsonSerializer.Serialize(entries).Should().NotContain(Secret).And.Contain("***");
    }

    [Test]
    public async Task What_was_and_what_is_read_as_the_answers_of_the_api_do()
    {
        var key = await _server.CreateKeyAsync("\"models\": [\"a\"], \"metadata\": {\"mark\": \"x\"}");
        await ExpectAnswerAsync("/key/update", $$"""{"key": "{{key}}", "max_budget": 7}""", "LiteLLM_VerificationToken", answer => Without(answer, "key"));
        await PostAsync("/team/new", """{"team_id": "search"}""");
        await ExpectAnswerAsync("/team/update", """{"team_id": "search", "max_budget": 7, "metadata": {"mark": "x"}}""", "LiteLLM_TeamTable", answer => answer["data"]!);
        await PostAsync("/user/new", """{"user_id": "u-1", "auto_create_key": false}""");
        await ExpectAnswerAsync("/user/update", """{"user_id": "u-1", "max_budget": 7}""", "LiteLLM_UserTable", answer => answer["data"]!);
        await PostAsync("/budget/new", """{"budget_id": "monthly"}""");
        await ExpectAnswerAsync("/budget/update", """{"budget_id": "monthly", "max_budget": 7}""", "LiteLLM_BudgetTable", answer => answer);
        await PostAsync("/team/member_add", """{"team_id": "search", "member": {"user_id": "u-1"}}""");
        await ExpectAnswerAsync("/team/member_update", """{"team_id": "search", "user_id": "u-1", "max_budget_in_team": 7}""", "LiteLLM_TeamMembership", answer => answer);
        foreach (var (path, id, table) in ((string, string, string)[])
        [
            ("/customer", "user_id", "LiteLLM_EndUserTable"), ("/organization", "organization_id", "LiteLLM_OrganizationTable"), ("/tag", "name", "LiteLLM_TagTable"),
        ])
        {
            await PostAsync($"{path}/new", $$"""{"{{id}}": "one"}""");
            await ExpectAnswerAsync($"{path}/update", $$"""{"{{id}}": "one", "max_budget": 7}""", table, answer => answer);
        }
    }

    [Test]
    public async Task A_secret_that_changes_shows_that_it_has_and_nothing_of_it()
    {
        await PostAsync("/team/new", """{"team_id": "search"}""");
        foreach (var secret in (string[])[Secret, Secret + "-2"])
            await PostAsync("/team/update", $$"""
                {"team_id": "search", "metadata": {"logging": [{"callback_name": "langfuse", "callback_vars": {"langfuse_public_key": "pk-lf-1", "langfuse_secret_key": "{{secret}}"} }] } }
                """);

        var (before, after) = ((await ListAsync("?object_id=search"))[0].GetProperty("before_value"), (await ListAsync("?object_id=search"))[0].GetProperty("updated_values"));

        before.GetProperty("metadata").GetProperty("logging").ToString().Should().Be(after.GetProperty("metadata").GetProperty("logging").ToString()).And.NotContain(Secret).And.Contain("pk-lf-1");
        before.GetProperty("credentials").GetString().Should().NotBe(after.GetProperty("credentials").GetString());
    }

    [Test]
    public async Task Entries_stay_as_long_as_the_operator_says_and_else_for_ever()
    {
        await using var server = await ManagementServer.StartAsync(change: settings => settings with { AuditDays = 1 });
        await server.CreateTeamAsync(""" "team_id": "old" """);
        await PostAsync("/team/new", """{"team_id": "old"}""");
        foreach (var time in (ManualTimeProvider[])[server.Time, _server.Time]) time.Advance(TimeSpan.FromHours(20));
        await server.CreateTeamAsync(""" "team_id": "young" """);
        (await TotalAsync(server)).Should().Be(2);

        foreach (var time in (ManualTimeProvider[])[server.Time, _server.Time]) time.Advance(TimeSpan.FromHours(5));

        (await Eventually.BecomesAsync(() => TotalAsync(server), total => total == 1)).Should().Be(1);
        (await server.Admin.GetJsonAsync("/audit")).Body.GetProperty("audit_logs").EnumerateArray().Single().GetProperty("object_id").GetString().Should().Be("young");
        await _server.Services.GetRequiredService<AuditRetention>().PruneAsync(CancellationToken.None);
        (await TotalAsync(_server)).Should().Be(1);
    }

    [Test]
    public async Task Nothing_is_written_down_where_it_is_switched_off()
    {
        await using var server = await ManagementServer.StartAsync(change: settings => settings with { IsAudited = false });
        await server.CreateTeamAsync(""" "team_id": "t-1" """);
        await server.CreateKeyAsync(""" "team_id": "t-1" """);
        (await server.Admin.PostAsync("/global/spend/reset", "{}")).Status.Should().Be(200);
        (await server.Admin.PostAsync("/team/delete", """{"team_ids": ["t-1"]}""")).Status.Should().Be(200);

        (await TotalAsync(server)).Should().Be(0);
    }

    [Test]
    public async Task Who_has_changed_something_is_found_by_an_index()
    {
        foreach (var (query, index) in ((string, string)[])
        [
            ("changed_by = 'boss' union select audit_id from audit_log where claimed_by = 'boss'", "audit_log_by_changer"),
            ("changed_by = 'boss' union select audit_id from audit_log where claimed_by = 'boss'", "audit_log_by_claim"),
            ("changed_by_key = 'x'", "audit_log_by_key"),
        ])
        {
            // A server reads a table of no rows as a whole, unless it is told not to.
            var sql = $"select audit_id from audit_log where {query}";
            var steps = TestEngine.Current == Engine.Sqlite
                ? (await _server.Database.QueryAsync<(long, long, long, string Detail)>("explain query plan " + sql)).Select(step => step.Detail)
                : await _server.Database.QueryAsync<string>("set enable_seqscan = off; explain " + sql);

            string.Join('\n', steps).Should().Contain(index);
        }
    }

    [Test]
    public async Task What_a_client_claims_stands_beside_who_called()
    {
        await PostAsync("/user/new", """{"user_id": "boss", "user_role": "proxy_admin", "auto_create_key": false}""");
        using var boss = _server.With(await _server.CreateKeyAsync("\"user_id\": \"boss\", \"key_alias\": \"boss-key\""));
        boss.DefaultRequestHeaders.Add("litellm-changed-by", "somebody@example.com");

        (await boss.PostAsync("/team/new", """{"team_id": "search"}""")).Status.Should().Be(200);

        foreach (var query in (string[])["?changed_by=boss", "?changed_by=somebody@example.com"])
        {
            var entry = (await ListAsync(query)).Single(entry => entry.GetProperty("object_id").GetString() == "search");
            entry.GetProperty("changed_by").GetString().Should().Be("boss");
            entry.GetProperty("claimed_by").GetString().Should().Be("somebody@example.com");
            entry.GetProperty("key_alias").GetString().Should().Be("boss-key");
            entry.GetProperty("changed_by_api_key").GetString().Should().HaveLength(64);
        }
    }

    [Test]
    public async Task What_is_refused_leaves_no_entry()
    {
        await _server.CreateKeyAsync("\"key_alias\": \"ci\"");

        (await _server.Admin.PostAsync("/key/generate", """{"key_alias": "ci"}""")).Status.Should().Be(400);
        (await _server.Admin.PostAsync("/key/delete", """{"key_aliases": ["ci", "nobody"]}""")).Status.Should().Be(404);

        (await ListAsync("")).Should().ContainSingle();
    }

    [Test]
    public async Task What_cannot_be_written_down_is_not_done()
    {
        await PostAsync("/team/new", """{"team_id": "search"}""");
        await _server.Database.QueryAsync<long>("alter table audit_log rename to audit_gone");

        (await _server.Admin.PostAsync("/team/block", """{"team_id": "search"}""")).Status.Should().Be(500);

        (await _server.Admin.GetJsonAsync("/team/info?team_id=search")).Body.GetProperty("team_info").GetProperty("blocked").GetBoolean().Should().BeFalse();
    }

    [Test]
    public async Task It_is_read_in_pages_and_by_id_the_latest_first()
    {
        // All of them in one millisecond of the clock.
        for (var number = 1; number <= 5; number++) await PostAsync("/tag/new", $$"""{"name": "t-{{number}}"}""");

        var second = (await _server.Admin.GetJsonAsync("/audit?page=2&page_size=2")).Body;

        (second.GetProperty("total").GetInt64(), second.GetProperty("total_pages").GetInt64()).Should().Be((5, 3));
        var entries = second.GetProperty("audit_logs").EnumerateArray().ToList();
        entries.Select(entry => entry.GetProperty("object_id").GetString()).Should().Equal("t-3", "t-2");
        var id = entries[0].GetProperty("id").GetString();
        (await _server.Admin.GetJsonAsync($"/audit/{id}")).Body.GetProperty("object_id").GetString().Should().Be("t-3");
        (await _server.Admin.GetJsonAsync($"/audit/{Guid.Empty}")).Refusal().Should().Be((404, "not_found_error", "id"));
        (await _server.Admin.GetJsonAsync("/audit?page_size=101")).Refusal().Should().Be((422, "invalid_request_error", "page_size"));
        (await _server.Admin.GetJsonAsync("/audit?page=0")).Refusal().Should().Be((422, "invalid_request_error", "page"));
        (await _server.Admin.GetJsonAsync("/audit?colour=red")).Refusal().Should().Be((400, "bad_request_error", "colour"));
        (await _server.Admin.GetJsonAsync("/audit?start_date=yesterday")).Refusal().Should().Be((400, "invalid_request_error", "start_date"));
    }

    [Test]
    public async Task It_is_read_from_a_day_or_moment_to_another_the_last_day_whole()
    {
        await PostAsync("/tag/new", """{"name": "early"}""");
        var early = _server.Time.GetUtcNow();
        _server.Time.Advance(TimeSpan.FromDays(2));
        await PostAsync("/tag/new", """{"name": "late"}""");
        var late = _server.Time.GetUtcNow();

        (await NamesAsync($"?start_date={late:yyyy-MM-dd}")).Should().Equal("late");
        (await NamesAsync($"?end_date={early:yyyy-MM-dd}")).Should().Equal("early");
        (await NamesAsync($"?start_date={early:yyyy-MM-dd}&end_date={late:yyyy-MM-dd}")).Should().Equal("late", "early");
        (await NamesAsync($"?start_date={early.AddHours(1):yyyy-MM-ddTHH:mm:ssZ}")).Should().Equal("late");
        (await NamesAsync($"?end_date={early.AddHours(1):yyyy-MM-ddTHH:mm:ssZ}")).Should().Equal("early");
    }

    [Test]
    public async Task Each_filter_narrows_it()
    {
        await PostAsync("/user/new", """{"user_id": "boss", "user_role": "proxy_admin", "auto_create_key": false}""");
        using var boss = _server.With(await _server.CreateKeyAsync("\"user_id\": \"boss\""));
        (await boss.PostAsync("/tag/new", """{"name": "nightly"}""")).Status.Should().Be(200);
        await PostAsync("/tag/delete", """{"names": ["nightly"]}""");
        var bossKey = (await ListAsync("?changed_by=boss")).Single().GetProperty("changed_by_api_key").GetString();

        (await ListAsync($"?changed_by_api_key={bossKey}")).Select(Action).Should().Equal("created");
        (await ListAsync("?object_id=nightly")).Select(Action).Should().Equal("deleted", "created");
        (await NamesAsync("?action=deleted")).Should().Equal("nightly");
        (await NamesAsync("?table_name=LiteLLM_UserTable")).Should().Equal("boss");
    }

    /// <summary>The last entry says that the row is now as the answer shows it.</summary>
    private async Task ExpectAnswerAsync(string path, string json, string table, Func<JsonNode, JsonNode> shown)
    {
        var (status, body) = await _server.Admin.PostAsync(path, json);
        status.Should().Be(200, body.ToString());

        var entry = (await ListAsync($"?table_name={table}"))[0];
        var (before, after) = (JsonNode.Parse(entry.GetProperty("before_value").GetRawText())!.AsObject(), JsonNode.Parse(entry.GetProperty("updated_values").GetRawText())!.AsObject());
        after.Remove("credentials");
        after.ToJsonString().Should().Be(shown(JsonNode.Parse(body.GetRawText())!).ToJsonString(), path);
        before.Select(field => field.Key).Should().Contain(after.Select(field => field.Key), path);
    }

    private static JsonObject Without(JsonNode answer, string name)
    {
        answer.AsObject().Remove(name);
        return answer.AsObject();
    }

    private static async Task<long> TotalAsync(ManagementServer server) => (await server.Admin.GetJsonAsync("/audit")).Body.GetProperty("total").GetInt64();

    private async Task<IEnumerable<string?>> NamesAsync(string query) => (await ListAsync(query)).Select(entry => entry.GetProperty("object_id").GetString());

    private static string? Action(JsonElement entry) => entry.GetProperty("action").GetString();

    private static decimal Budget(JsonElement entry, string values) => entry.GetProperty(values).GetProperty("max_budget").GetDecimal();

    private async Task PostAsync(string path, string json)
    {
        var (status, body) = await _server.Admin.PostAsync(path, json);
        status.Should().Be(200, body.ToString());
    }

    private async Task<List<JsonElement>> ListAsync(string query)
    {
        var (status, body) = await _server.Admin.GetJsonAsync("/audit" + query);
        status.Should().Be(200, body.ToString());
        return [.. body.GetProperty("audit_logs").EnumerateArray()];
    }
}
