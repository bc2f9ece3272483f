using System.Text.Json;
using Dapper;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Proxy.Management;
using Proxy.Management.Keys;
using Proxy.Management.Spend;
using Proxy.Management.Storage;
using Proxy.Tests.Databases;

namespace Proxy.Tests.Management;

/// <summary>What has been spent, read from the sums of days: the same as what the rows of the calls say.</summary>
[OnEachEngine]
internal sealed class SpendReadTests
{
    private const string Range = "start_date=2026-01-01&end_date=2026-01-31";
    private const string All = "start_date=2025-06-01&end_date=2026-01-31";
    private static readonly DateTimeOffset Start = new(2026, 1, 30, 23, 0, 0, TimeSpan.Zero);

    private ManagementServer _server = null!;
    private string _ownKey = "";
    private string _teamKey = "";

    [SetUp]
    public async Task RecordCallsAsync()
    {
        _server = await ManagementServer.StartAsync();
        await _server.CreateTeamAsync(""" "team_id": "t-1" """);
        _ownKey = await _server.CreateKeyAsync(""" "user_id": "u-1", "key_alias": "own" """);
        _teamKey = await _server.CreateKeyAsync(""" "team_id": "t-1", "user_id": "u-2" """);

        // Two calls on the one day, two on the next, one in another month.
        await RecordAsync(_server, Entry(1m, _ownKey, 0) with { UserId = "u-1", Tags = ["a", "b"], EndUser = "c-1" });
        await RecordAsync(_server, Entry(2m, _teamKey, 0.5) with { UserId = "u-2", TeamId = "t-1", Tags = ["b"] });
        await RecordAsync(_server, Entry(4m, _teamKey, 2) with { UserId = "u-2", TeamId = "t-1", Model = "claude", Provider = "anthropic" });
        await RecordAsync(_server, Entry(0m, _ownKey, 3) with { UserId = "u-1", Outcome = SpendOutcome.Rejected, StatusCode = 429 });
        await RecordAsync(_server, Entry(8m, _ownKey, -24 * 60) with { UserId = "u-1" });
    }

    [TearDown]
    public async Task StopAsync() => await _server.DisposeAsync();

    [Test]
    public async Task Activity_of_days_has_their_sums_and_their_parts()
    {
        var body = await GetAsync($"/user/daily/activity?{Range}");

        body.GetProperty("results").EnumerateArray().Select(day => (day.GetProperty("date").GetString(), Spend(day.GetProperty("metrics"))))
            .Should().Equal(("2026-01-31", 4m), ("2026-01-30", 3m));
        var late = body.GetProperty("results")[0];
        late.GetProperty("metrics").GetProperty("failed_requests").GetInt64().Should().Be(1);
        late.GetProperty("metrics").GetProperty("total_tokens").GetInt64().Should().Be(30);
        Spend(late.GetProperty("breakdown").GetProperty("model_groups").GetProperty("claude").GetProperty("metrics")).Should().Be(4m);
        Spend(late.GetProperty("breakdown").GetProperty("providers").GetProperty("anthropic").GetProperty("metrics")).Should().Be(4m);
        Spend(late.GetProperty("breakdown").GetProperty("api_keys").GetProperty(KeyHash.Of(_teamKey).ToString()).GetProperty("metrics")).Should().Be(4m);
        var total = body.GetProperty("metadata");
        (total.GetProperty("total_spend").GetDecimal(), total.GetProperty("total_api_requests").GetInt64()).Should().Be((7m, 4));
    }

    [Test]
    public async Task Activity_comes_in_pages_of_days_whose_total_is_that_of_all()
    {
        var second = await GetAsync($"/user/daily/activity?{Range}&page=2&page_size=1");

        second.GetProperty("results").EnumerateArray().Select(day => day.GetProperty("date").GetString()).Should().Equal("2026-01-30");
        var total = second.GetProperty("metadata");
        (total.GetProperty("total_spend").GetDecimal(), total.GetProperty("total_pages").GetInt32(), total.GetProperty("has_more").GetBoolean())
            .Should().Be((7m, 2, false));
        (await GetAsync($"/user/daily/activity?{Range}&page=9")).GetProperty("results").GetArrayLength().Should().Be(0);
    }

    [TestCase("/user/daily/activity?user_id=u-2", 6)]
    [TestCase("/user/daily/activity?model=claude", 4)]
    [TestCase("/team/daily/activity?", 6)]
    [TestCase("/team/daily/activity?team_ids=t-1,t-2", 6)]
    [TestCase("/team/daily/activity?exclude_team_ids=t-1", 0)]
    [TestCase("/tag/daily/activity?tags=b", 3)]
    [TestCase("/tag/daily/activity?tags=a", 1)]
    [TestCase("/customer/daily/activity?end_user_ids=c-1", 1)]
    [TestCase("/organization/daily/activity?", 0)]
    public async Task Activity_is_that_of_what_is_named(string path, decimal spend) =>
        (await GetAsync($"{path}&{Range}")).GetProperty("metadata").GetProperty("total_spend").GetDecimal().Should().Be(spend);

    [Test]
    public async Task Who_is_no_admin_sees_their_own_only()
    {
        using var own = _server.With(_ownKey);
        var key = await _server.CreateKeyAsync();
        using var stranger = _server.With(key);

        (await TotalAsync(own, $"/user/daily/activity?{Range}&user_id=u-2")).Should().Be(0);
        (await TotalAsync(own, $"/user/daily/activity?{Range}")).Should().Be(1m);
        (await TotalAsync(own, $"/user/daily/activity?{Range}&api_key={_teamKey}")).Should().Be(0);
        (await TotalAsync(own, $"/team/daily/activity?{Range}&team_ids=t-1")).Should().Be(0);
        (await TotalAsync(stranger, $"/user/daily/activity?{Range}")).Should().Be(0);
        (await own.GetJsonAsync($"/spend/logs?summarize=false&{All}")).Body.GetArrayLength().Should().Be(3);
        (await own.GetJsonAsync("/spend/logs?user_id=u-2")).Body.GetArrayLength().Should().Be(0);
        (await own.GetJsonAsync($"/spend/logs?{Range}&user_id=u-2")).Body.GetArrayLength().Should().Be(0);
        (await stranger.GetJsonAsync($"/spend/logs?api_key={_ownKey}")).Body.GetArrayLength().Should().Be(0);
        (await stranger.GetJsonAsync("/global/spend")).Status.Should().Be(401);
        (await stranger.GetJsonAsync("/spend/keys")).Status.Should().Be(401);
    }

    [Test]
    public async Task An_admin_of_a_team_sees_the_whole_team_and_no_other()
    {
        await _server.CreateTeamAsync(""" "team_id": "t-2" """);
        await RecordAsync(_server, Entry(16m, _teamKey, 1) with { UserId = "u-2", TeamId = "t-2" });
        using var own = _server.With(_ownKey);
        await _server.Admin.PostAsync("/team/member_add", """{"team_id": "t-1", "member": {"role": "user", "user_id": "u-1"}}""");
        (await TotalAsync(own, $"/team/daily/activity?{Range}")).Should().Be(0);

        await _server.Admin.PostAsync("/team/member_update", """{"team_id": "t-1", "user_id": "u-1", "role": "admin"}""");

        (await TotalAsync(own, $"/team/daily/activity?{Range}")).Should().Be(6m);
        (await TotalAsync(own, $"/team/daily/activity?{Range}&team_ids=t-1")).Should().Be(6m);
        (await TotalAsync(own, $"/team/daily/activity?{Range}&team_ids=t-2")).Should().Be(0);
        (await TotalAsync(own, $"/team/daily/activity?{Range}&team_ids=t-1,t-2")).Should().Be(6m);
        (await TotalAsync(own, $"/team/daily/activity?{Range}&exclude_team_ids=t-1")).Should().Be(0);
        (await TotalAsync(own, $"/user/daily/activity?{Range}&user_id=u-2")).Should().Be(0);
    }

    [Test]
    public async Task A_report_says_who_has_spent_what_on_which_day()
    {
        await _server.Admin.PostAsync("/team/update", """{"team_id": "t-1", "team_alias": "core"}""");

        var teams = await GetAsync($"/global/spend/report?{Range}");
        teams.EnumerateArray().Select(day => day.GetProperty("group_by_day").GetString()).Should().Equal("2026-01-30", "2026-01-31");
        var team = teams[1].GetProperty("teams")[0];
        (team.GetProperty("team_name").GetString(), team.GetProperty("total_spend").GetDecimal()).Should().Be(("core", 4m));
        var part = team.GetProperty("metadata")[0];
        (part.GetProperty("model").GetString(), part.GetProperty("api_key").GetString(), Spend(part)).Should().Be(("claude", KeyHash.Of(_teamKey).ToString(), 4m));

        var customer = (await GetAsync($"/global/spend/report?{Range}&group_by=customer"))[0].GetProperty("customers")[0];
        (customer.GetProperty("customer").GetString(), customer.GetProperty("total_spend").GetDecimal()).Should().Be(("c-1", 1m));
        var keys = await GetAsync($"/global/spend/report?{Range}&group_by=api_key&internal_user_id=u-2");
        keys.EnumerateArray().Select(key => (key.GetProperty("total_cost").GetDecimal(), key.GetProperty("model_details").GetArrayLength())).Should().Equal((6m, 2));
        (await GetAsync($"/global/spend/report?{Range}&team_id=nobody")).GetArrayLength().Should().Be(0);
        (await _server.Admin.GetJsonAsync("/global/spend/report?group_by=model")).Refusal().Should().Be((400, "invalid_request_error", "group_by"));
        (await _server.Admin.GetJsonAsync("/global/spend/report?group_by=customer&team_id=t-1")).Refusal().Should().Be((400, "invalid_request_error", "team_id"));
    }

    [Test]
    public async Task The_gateway_as_a_whole_is_summed()
    {
        (await GetAsync($"/global/spend/logs?{Range}")).EnumerateArray().Select(day => (day.GetProperty("date").GetString(), Spend(day)))
            .Should().Equal(("2026-01-30", 3m), ("2026-01-31", 4m));
        (await GetAsync($"/global/spend/models?{Range}&limit=1"))[0].GetProperty("model").GetString().Should().Be("claude");
        var keys = await GetAsync($"/global/spend/keys?{Range}");
        keys.EnumerateArray().Select(key => (key.GetProperty("key_alias").GetString(), key.GetProperty("total_spend").GetDecimal()))
            .Should().Equal((null, 6m), ("own", 1m));
        Spend((await GetAsync($"/global/spend/provider?{Range}"))[0]).Should().Be(4m);
        var teams = await GetAsync($"/global/spend/teams?{Range}");
        teams.GetProperty("daily_spend")[1].GetProperty("t-1").GetDecimal().Should().Be(4m);
        teams.GetProperty("total_spend_per_team")[0].GetProperty("total_spend").GetDecimal().Should().Be(6m);
        (await GetAsync($"/global/spend/tags?{Range}")).GetProperty("spend_per_tag").EnumerateArray().Select(tag => (tag.GetProperty("name").GetString(), Spend(tag)))
            .Should().Equal(("b", 3m), ("a", 1m));
        var activity = await GetAsync($"/global/activity?{Range}");
        (activity.GetProperty("sum_api_requests").GetInt64(), activity.GetProperty("sum_total_tokens").GetInt64()).Should().Be((4, 60));
        (await GetAsync($"/global/activity/model?{Range}")).EnumerateArray().Select(model => model.GetProperty("model").GetString()).Should().Equal("claude", "gpt-4o");
        var customers = await _server.Admin.PostAsync("/global/spend/end_users", """{"startTime": "2026-01-01T00:00:00", "endTime": "2026-01-31"}""");
        customers.Body[0].GetProperty("total_spend").GetDecimal().Should().Be(1m);
        (await GetAsync("/global/spend")).GetProperty("max_budget").ValueKind.Should().Be(JsonValueKind.Null);
    }

    [Test]
    public async Task Keys_users_and_tags_are_listed_by_what_they_have_spent()
    {
        (await GetAsync("/spend/keys")).EnumerateArray().Select(key => (key.GetProperty("user_id").GetString(), Spend(key))).Should().Equal(("u-1", 9m), ("u-2", 6m));
        (await GetAsync("/spend/users?limit=1"))[0].GetProperty("user_id").GetString().Should().Be("u-1");
        (await GetAsync("/spend/users?user_id=u-2")).EnumerateArray().Select(Spend).Should().Equal(6m);
        (await GetAsync($"/spend/tags?{Range}")).EnumerateArray().Select(tag => (tag.GetProperty("individual_request_tag").GetString(), tag.GetProperty("log_count").GetInt64()))
            .Should().Equal(("b", 2), ("a", 1));
    }

    [Test]
    public async Task Entries_are_filtered_bounded_by_days_and_followed_by_the_id_of_the_last()
    {
        (await GetAsync($"/spend/logs?user_id=u-1&summarize=false&{All}")).GetArrayLength().Should().Be(3);
        (await GetAsync($"/spend/logs?api_key={_teamKey}&team_id=t-1&limit=1&summarize=false&{All}")).EnumerateArray().Select(Spend).Should().Equal(4m);
        (await GetAsync("/spend/logs?start_date=2026-01-31&end_date=2026-01-31&summarize=false")).EnumerateArray().Select(Spend).Should().Equal(0m, 4m);
        var first = await GetAsync("/spend/logs?limit=2");
        (await GetAsync($"/spend/logs?limit=2&before={first[1].GetProperty("request_id").GetString()}")).EnumerateArray().Select(Spend).Should().Equal(2m, 1m);

        var days = await GetAsync($"/spend/logs?{Range}");
        days.EnumerateArray().Select(day => (day.GetProperty("startTime").GetString(), Spend(day))).Should().Equal(("2026-01-30", 3m), ("2026-01-31", 4m));
        days[0].GetProperty("users").GetProperty("u-2").GetDecimal().Should().Be(2m);
        days[0].GetProperty("models").GetProperty("gpt-4o").GetDecimal().Should().Be(3m);
        (await GetAsync($"/spend/logs?{Range}&user_id=u-1")).EnumerateArray().Select(Spend).Should().Equal(1m, 0m);
    }

    [Test]
    public async Task Entries_come_in_numbered_pages_that_read_over_the_days()
    {
        var pages = new List<JsonElement>();
        for (var page = 1; page <= 4; page++) pages.Add(await GetAsync($"/spend/logs/v2?start_date=2025-12-01%2000:00:00&end_date=2026-01-31%2023:59:59&page_size=2&page={page}"));

        pages.SelectMany(page => page.GetProperty("data").EnumerateArray()).Select(Spend).Should().Equal(0m, 4m, 2m, 1m, 8m);
        (pages[0].GetProperty("total").GetInt64(), pages[0].GetProperty("total_pages").GetInt64(), pages[3].GetProperty("data").GetArrayLength()).Should().Be((5, 3, 0));
        var ofModel = await GetAsync($"/spend/logs/ui?{All}&model=claude&team_id=t-1");
        (ofModel.GetProperty("total").GetInt64(), Spend(ofModel.GetProperty("data")[0])).Should().Be((1, 4m));
        var one = pages[1].GetProperty("data")[0].GetProperty("request_id").GetString();
        (await GetAsync($"/spend/logs/v2?request_id={one}")).GetProperty("data").EnumerateArray().Select(Spend).Should().Equal(2m);
        using var own = _server.With(_ownKey);
        (await own.GetJsonAsync($"/spend/logs/v2?{All}")).Body.GetProperty("total").GetInt64().Should().Be(3);
        (await own.GetJsonAsync($"/spend/logs/v2?{All}&user_id=u-2")).Body.GetProperty("total").GetInt64().Should().Be(0);
        (await _server.Admin.GetJsonAsync("/spend/logs/v2?page_size=101")).Refusal().Should().Be((422, "invalid_request_error", "page_size"));
    }

    [TestCase("/user/daily/activity?start_date=2026-02-30", "start_date")]
    [TestCase("/user/daily/activity?start_date=2026-02-02&end_date=2026-02-01", "start_date")]
    [TestCase("/user/daily/activity?start_date=2020-01-01&end_date=2026-02-01", "start_date")]
    [TestCase("/user/daily/activity?page=0", "page")]
    [TestCase("/user/daily/activity?page_size=1001", "page_size")]
    [TestCase("/user/daily/activity?api_key=nobody", "key")]
    [TestCase("/user/daily/activity?user_id=%00", "user_id")]
    [TestCase("/global/activity?end_date=yesterday", "end_date")]
    [TestCase("/spend/logs?user_id=%00", "user_id")]
    [TestCase("/spend/logs?before=last", "before")]
    [TestCase("/spend/users?user_id=%00", "user_id")]
    [TestCase("/spend/tags?start_date=%27", "start_date")]
    public async Task What_cannot_be_asked_is_refused_by_name(string path, string field) =>
        (await _server.Admin.GetJsonAsync(path)).Refusal().Should().Be((400, "invalid_request_error", field));

    [Test]
    public async Task Names_of_any_length_and_kind_are_summed()
    {
        var name = string.Concat(Enumerable.Repeat("模型\0\ud800", 100));
        var entry = Entry(16m, _ownKey, 0) with { Model = name, UpstreamModel = name, UserId = name, OrganizationId = name, Provider = name, EndUser = name, Tags = [name] };

        await RecordAsync(_server, entry);
        await RecordAsync(_server, entry with { CallId = Guid.CreateVersion7(), Model = name + "x" });

        (await GetAsync($"/user/daily/activity?{Range}")).GetProperty("metadata").GetProperty("total_spend").GetDecimal().Should().Be(39m);
    }

    [Test]
    public async Task The_days_of_calls_that_were_recorded_before_are_summed_by_the_upgrade()
    {
        await RecordAsync(_server, Entry(1m, _ownKey, 0) with { Tags = ["a", "nul\0"] });
        var kept = await DaysAsync();
        await using (var connection = await _server.Database.OpenAsync())
            await connection.ExecuteAsync("drop table spend_day; drop table account_day; delete from schema_script where name like '%0030%'");

        using var database = new Database(_server.Database.Setting);
        await new Migrator(database, _server.Time).ApplyAsync(ManagementServices.SchemaOwner, ManagementServices.SchemaScripts);

        (await DaysAsync()).Should().Equal(kept);
    }

    private static SpendEntry Entry(decimal cost, string key, double hours)
    {
        var start = Start.AddHours(hours);
        return new SpendEntry
        {
            CallId = Guid.CreateVersion7(start),
            CallType = "acompletion",
            KeyHash = KeyHash.Of(key),
            Model = "gpt-4o",
            Outcome = SpendOutcome.Success,
            StatusCode = 200,
            Cost = cost,
            Usage = new TokenUsage(1, 2, 3, 4, 5),
            StartedAt = start,
            EndedAt = start,
        };
    }

    private static Task RecordAsync(ManagementServer server, SpendEntry entry) =>
        server.Services.GetRequiredService<SpendLedger>().RecordAsync(entry, null);

    private static decimal Spend(JsonElement element) => element.GetProperty("spend").GetDecimal();

    private static async Task<decimal> TotalAsync(HttpClient client, string path)
    {
        var (status, body) = await client.GetJsonAsync(path);
        status.Should().Be(200, body.ToString());
        return body.GetProperty("metadata").GetProperty("total_spend").GetDecimal();
    }

    private async Task<JsonElement> GetAsync(string path)
    {
        var (status, body) = await _server.Admin.GetJsonAsync(path);
        status.Should().Be(200, body.ToString());
        return body;
    }

    /// <summary>All rows of days. A name that was read from JSON has no zero in it.</summary>
    private async Task<IReadOnlyList<(string, long, long, long, long)>> DaysAsync()
    {
        var rows = await _server.QueryAsync<(string Name, long Day, long Calls, long Tokens, long Spend)>("""
            select team_id || ':' || user_id || ':' || model || ':' || provider, day, requests * 10 + successes, prompt_tokens * 1000 + completion_tokens, spend
            from spend_day
            union all
            select kind || ':' || id || ':' || model, day, requests * 10 + successes, prompt_tokens * 1000 + completion_tokens, spend
            from account_day
            order by 1, 2, 5
            """);
        return [.. rows.Select(row => (row.Name.Replace('\0', '\ufffd'), row.Day, row.Calls, row.Tokens, row.Spend))];
    }
}
