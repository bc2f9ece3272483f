using System.Text.Json;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Proxy.Management.Budgets;
using Proxy.Management.Errors;
using Proxy.Management.Keys;
using Proxy.Management.Spend;
using Proxy.Tests.Databases;
using Proxy.Tests.Management;

namespace Proxy.Tests.Budgets;

/// <summary>Every way to set a budget or a limit holds for the very next call.</summary>
[OnEachEngine]
internal sealed class BudgetSettingTests
{
    private ManagementServer _server = null!;

    [SetUp]
    public async Task StartAsync() => _server = await ManagementServer.StartAsync();

    [TearDown]
    public async Task StopAsync() => await _server.DisposeAsync();

    [TestCase("/customer/new", """{"user_id": "c-1", "rpm_limit": 0}""", "end_user")]
    [TestCase("/end_user/new", """{"user_id": "c-1", "max_budget": 0}""", "end_user")]
    [TestCase("/tag/new", """{"name": "red", "max_budget": 0}""", "tag")]
    [TestCase("/organization/new", """{"organization_id": "o-1", "organization_alias": "o", "max_parallel_requests": 0}""", "organization")]
    [TestCase("/organization/member_add", """{"organization_id": "o-1", "member": {"user_id": "u-1"}, "max_budget_in_organization": 0}""", "organization_member")]
    [TestCase("/user/new", """{"user_id": "u-1", "max_budget": 0}""", "user")]
    [TestCase("/team/member_add", """{"team_id": "t-1", "member": {"role": "user", "user_id": "u-1"}, "max_budget_in_team": 0}""", "team_member")]
    [TestCase("/team/update", """{"team_id": "t-1", "team_member_budget": 0}""", "team_member")]
    [TestCase("/team/update", """{"team_id": "t-1", "team_member_rpm_limit": 0, "team_member_tpm_limit": 5}""", "team_member")]
    [TestCase("/team/update", """{"team_id": "t-1", "tpm_limit": 0}""", "team")]
    [TestCase("/team/update", """{"team_id": "t-1", "model_rpm_limit": {"m": 0}}""", "model_per_team")]
    [TestCase("/team/update", """{"team_id": "t-1", "metadata": {"model_tpm_limit": {"m": 0}}}""", "model_per_team")]
    [TestCase("/key/update", """{"key": "KEY", "max_budget": 0}""", "key")]
    [TestCase("/key/update", """{"key": "KEY", "model_max_budget": {"m": 0}}""", "model_per_key")]
    [TestCase("/key/update", """{"key": "KEY", "model_max_budget": {"m": {"budget_limit": 0, "time_period": "1d"}}}""", "model_per_key")]
    public async Task Each_scope_refuses_from_the_next_call_on(string path, string body, string scope)
    {
        var key = await KeyInEverythingAsync();
        if (scope == "organization_member") await _server.Admin.PostAsync("/organization/new", """{"organization_id": "o-1"}""");
        (await AdmitAsync(key)).Should().BeNull();

        var (status, answer) = await _server.Admin.PostAsync(path, body.Replace("KEY", key));

        status.Should().Be(200, answer.ToString());
        var error = await AdmitAsync(key);
        error!.Scope!.Scope.Should().BeOneOf(scope, scope == "key" ? "api_key" : scope);
    }

    /// <summary>Each is set to nothing, which must refuse by it, and then cleared, which must let calls in again.</summary>
    [Test]
    public async Task Every_limit_of_every_scope_closes_it_and_null_opens_it()
    {
        var key = await KeyInEverythingAsync();
        foreach (var (make, body) in new[] { ("/user/new", """{"user_id": "u-1", "auto_create_key": false}"""), ("/customer/new", """{"user_id": "c-1"}"""), ("/organization/new", """{"organization_id": "o-1"}"""), ("/tag/new", """{"name": "red"}"""), ("/team/member_add", """{"team_id": "t-1", "member": {"role": "user", "user_id": "u-1"}}"""), ("/organization/member_add", """{"organization_id": "o-1", "member": {"user_id": "u-1"}}""") })
            (await _server.Admin.PostAsync(make, body)).Status.Should().Be(200);

        var rates = new[] { ("rpm_limit", "requests"), ("tpm_limit", "tokens"), ("max_parallel_requests", "max_parallel_requests") };
        var scopes = new[]
        {
            ("/key/update", "\"key\": \"sk-of-everything\"", "api_key"), ("/team/update", "\"team_id\": \"t-1\"", "team"), ("/user/update", "\"user_id\": \"u-1\"", "user"),
            ("/team/member_update", "\"team_id\": \"t-1\", \"user_id\": \"u-1\"", "team_member"), ("/customer/update", "\"user_id\": \"c-1\"", "end_user"),
            ("/organization/update", "\"organization_id\": \"o-1\"", "organization"), ("/organization/member_update", "\"organization_id\": \"o-1\", \"user_id\": \"u-1\"", "organization_member"), ("/tag/update", "\"name\": \"red\"", "tag"),
        };
        foreach (var (path, whose, scope) in scopes)
        {
            foreach (var (limit, type) in rates.Prepend((scope switch { "team_member" => "max_budget_in_team", "organization_member" => "max_budget_in_organization", _ => "max_budget" }, null!)))
                await ExpectAsync(path, whose, $"\"{limit}\": 0", $"\"{limit}\": null", type is null && scope == "api_key" ? "key" : scope, type);
        }

        foreach (var (path, whose, scope) in new[] { (scopes[0].Item1, scopes[0].Item2, "model_per_key"), (scopes[1].Item1, scopes[1].Item2, "model_per_team") })
        {
            foreach (var (limit, type) in new[] { ("model_rpm_limit", "requests"), ("model_tpm_limit", "tokens") })
                await ExpectAsync(path, whose, $$"""
                    "{{limit}}": {"m": 0}
                    """, $$"""
                    "{{limit}}": {"m": null}
                    """, scope, type);
        }

        async Task ExpectAsync(string path, string whose, string closing, string opening, string scope, string? type)
        {
            (await _server.Admin.PostAsync(path, $"{{{whose}, {closing}}}")).Status.Should().Be(200, "{0} takes {1}", path, closing);
            var error = await AdmitAsync(key);
            (error?.Scope?.Scope, error?.Scope?.RateLimitType, error?.Type == "budget_exceeded").Should().Be((scope, type, type is null), "{0} says {1}", path, closing);
            (await _server.Admin.PostAsync(path, $"{{{whose}, {opening}}}")).Status.Should().Be(200, "{0} takes {1}", path, opening);
            (await AdmitAsync(key)).Should().BeNull("{0} says {1}", path, opening);
        }
    }

    [Test]
    public async Task The_whole_gateway_begins_its_new_period_at_once_in_memory_and_in_the_row()
    {
        var key = await KeyInEverythingAsync();
        _server.Services.GetRequiredService<ProxyLimits>().Apply(new AccountTerms { MaxBudget = 1, BudgetDuration = "1d" }, TimeZoneInfo.Utc);
        await SpendAsync(key, 1);
        var spent = await AdmitAsync(key);
        _server.Time.Advance(TimeSpan.FromHours(12));

        (spent!.Scope!.Scope, spent.Scope.ResetAt).Should().Be(("proxy", new DateTimeOffset(2026, 11, 22, 0, 0, 0, TimeSpan.Zero)));
        (await AdmitAsync(key)).Should().BeNull();
        await SpendAsync(key, 0.25m);
        (await _server.QueryAsync<long>("select spend from account where kind = 'proxy'")).Should().Equal(250_000_000_000);
    }

    [TestCase("/key/update", "key", "sk-of-everything", "max_budget")]
    [TestCase("/key/update", "key", "sk-of-everything", "rpm_limit")]
    [TestCase("/team/update", "team_id", "t-1", "max_budget")]
    [TestCase("/user/update", "user_id", "u-1", "max_budget")]
    [TestCase("/customer/update", "user_id", "c-1", "max_budget")]
    [TestCase("/organization/update", "organization_id", "o-1", "rpm_limit")]
    [TestCase("/tag/update", "name", "red", "tpm_limit")]
    public async Task Null_clears_and_what_is_absent_stays(string path, string idField, string id, string limit)
    {
        var key = await KeyInEverythingAsync();
        foreach (var (make, body) in new[] { ("/user/new", """{"user_id": "u-1", "auto_create_key": false}"""), ("/customer/new", """{"user_id": "c-1"}"""), ("/organization/new", """{"organization_id": "o-1"}"""), ("/tag/new", """{"name": "red"}""") })
            await _server.Admin.PostAsync(make, body);

        await _server.Admin.PostAsync(path, $$"""{"{{idField}}": "{{id}}", "{{limit}}": 0}""");
        var closed = await AdmitAsync(key);
        await _server.Admin.PostAsync(path, $$"""{"{{idField}}": "{{id}}", "blocked": false}""");
        var still = await AdmitAsync(key);
        await _server.Admin.PostAsync(path, $$"""{"{{idField}}": "{{id}}", "{{limit}}": null}""");
        var open = await AdmitAsync(key);

        (closed is null, still is null, open is null).Should().Be((false, false, true));
    }

    [Test]
    public async Task A_member_has_a_budget_in_each_team()
    {
        var key = await KeyInEverythingAsync();
        await _server.Admin.PostAsync("/team/member_add", """{"team_id": "t-1", "member": [{"role": "user", "user_id": "u-1"}, {"role": "user", "user_id": "u-2"}], "max_budget_in_team": 5}""");

        var (status, body) = await _server.Admin.PostAsync("/team/member_update", """{"team_id": "t-1", "user_id": "u-1", "max_budget_in_team": 0}""");

        (status, body.GetProperty("max_budget_in_team").GetDecimal()).Should().Be((200, 0));
        (await AdmitAsync(key))!.Scope!.Id.Should().Be("u-1 of t-1");
        var team = (await _server.Admin.GetJsonAsync("/team/info?team_id=t-1")).Body;
        team.GetProperty("team_memberships").EnumerateArray().Select(member => member.GetProperty("max_budget_in_team").GetDecimal()).Should().Equal(0, 5);
        (await _server.Admin.PostAsync("/team/member_update", """{"team_id": "t-1", "user_id": "nobody"}""")).Status.Should().Be(400);
    }

    [Test]
    public async Task What_a_team_gives_each_member_holds_for_those_without_their_own_and_begins_anew_with_its_period()
    {
        var key = await KeyInEverythingAsync();
        await _server.Admin.PostAsync("/team/update", """{"team_id": "t-1", "team_member_budget": 1, "team_member_budget_duration": "1d"}""");
        await SpendAsync(key, 1);

        var spent = await AdmitAsync(key);
        _server.Time.Advance(TimeSpan.FromHours(13));
        var nextDay = await AdmitAsync(key);
        await SpendAsync(key, 1);
        await _server.Admin.PostAsync("/team/member_add", """{"team_id": "t-1", "member": {"role": "user", "user_id": "u-1"}, "max_budget_in_team": 3}""");
        var own = await AdmitAsync(key);
        await _server.Admin.PostAsync("/team/update", """{"team_id": "t-1", "team_member_budget": 2}""");
        await _server.Admin.PostAsync("/team/member_update", """{"team_id": "t-1", "user_id": "u-1", "max_budget_in_team": null}""");
        var raised = await AdmitAsync(key);
        var (status, _) = await _server.Admin.PostAsync("/team/update", """{"team_id": "t-1", "team_member_budget_duration": "soon"}""");

        spent!.Scope.Should().Be(new ErrorScope("team_member", "u-1 of t-1", 1, 1, null, new DateTimeOffset(2026, 11, 22, 0, 0, 0, TimeSpan.Zero)));
        (nextDay, own, raised, status).Should().Be((null, null, null, 400));
    }

    [Test]
    public async Task A_shared_budget_holds_for_all_that_name_it_and_changes_for_all()
    {
        var key = await KeyInEverythingAsync();
        await _server.Admin.PostAsync("/budget/new", """{"budget_id": "b-1", "max_budget": 5, "budget_duration": "1d"}""");
        await _server.Admin.PostAsync("/customer/new", """{"user_id": "c-1", "budget_id": "b-1"}""");
        var open = await AdmitAsync(key);
        (await _server.Admin.GetJsonAsync("/customer/info?end_user_id=c-1")).Body.GetProperty("budget_reset_at").GetDateTimeOffset()
            .Should().Be(new DateTimeOffset(2026, 11, 22, 0, 0, 0, TimeSpan.Zero), "the period is the shared budget's");

        await _server.Admin.PostAsync("/budget/update", """{"budget_id": "b-1", "max_budget": 0}""");
        var closed = await AdmitAsync(key);
        await _server.Admin.PostAsync("/budget/delete", """{"id": "b-1"}""");

        (open is null, closed?.Scope?.Scope, (await AdmitAsync(key)) is null).Should().Be((true, "end_user", true));
        (await _server.Admin.GetJsonAsync("/budget/list")).Body.GetArrayLength().Should().Be(0);
        (await _server.Admin.PostAsync("/budget/update", """{"budget_id": "b-1"}""")).Status.Should().Be(404);
    }

    [Test]
    public async Task A_blocked_customer_is_refused()
    {
        var key = await KeyInEverythingAsync();

        await _server.Admin.PostAsync("/customer/new", """{"user_id": "c-1", "blocked": true}""");

        (await AdmitAsync(key))!.Status.Should().Be(401);
    }

    [Test]
    public async Task Spend_is_shown_and_the_row_of_a_call_can_still_be_made_by_hand()
    {
        var key = await KeyInEverythingAsync();
        await SpendAsync(key, 0.25m);

        (await _server.Admin.PostAsync("/customer/new", """{"user_id": "c-1", "max_budget": 1}""")).Status.Should().Be(200);

        (await _server.Admin.GetJsonAsync("/customer/info?end_user_id=c-1")).Body.GetProperty("spend").GetDecimal().Should().Be(0.25m);
        (await _server.Admin.GetJsonAsync("/user/info?user_id=u-1")).Body.GetProperty("user_info").GetProperty("spend").GetDecimal().Should().Be(0.25m);
        (await _server.Admin.GetJsonAsync("/organization/info?organization_id=o-1")).Body.GetProperty("spend").GetDecimal().Should().Be(0.25m);
        (await _server.Admin.PostAsync("/tag/info", """{"names": ["red"]}""")).Body.GetProperty("red").GetProperty("spend").GetDecimal().Should().Be(0.25m);
        (await _server.Admin.PostAsync("/customer/new", """{"user_id": "c-1"}""")).Status.Should().Be(400);
        (await _server.Admin.PostAsync("/customer/update", """{"user_id": "nobody"}""")).Status.Should().Be(404);
    }

    [Test]
    public async Task A_key_that_is_updated_keeps_its_callbacks_and_moves_to_another_team()
    {
        await _server.CreateTeamAsync(""" "team_id": "t-2", "max_budget": 0 """);
        var key = await KeyInEverythingAsync();
        await AdmitAsync(key);

        var (status, body) = await _server.Admin.PostAsync("/key/update", $$"""{"key": "{{key}}", "team_id": "t-2", "models": ["m"], "duration": "1h"}""");

        (status, body.GetProperty("team_id").GetString()).Should().Be((200, "t-2"));
        body.GetProperty("expires").GetDateTimeOffset().Should().Be(_server.Time.GetUtcNow() + TimeSpan.FromHours(1));
        (await AdmitAsync(key))!.Scope!.Id.Should().Be("t-2");
        (await _server.Admin.PostAsync("/key/update", """{"key": "sk-nobody-has-it"}""")).Status.Should().Be(401);
        (await _server.Admin.PostAsync("/key/update", $$"""{"key": "{{key}}", "temp_budget_increase": 5}""")).Status.Should().Be(422);
    }

    [Test]
    public async Task A_temporary_increase_opens_a_used_up_budget_until_it_ends()
    {
        var key = await KeyInEverythingAsync();
        await _server.Admin.PostAsync("/key/update", $$"""{"key": "{{key}}", "max_budget": 1, "spend": 1}""");
        var closed = await AdmitAsync(key);

        await _server.Admin.PostAsync("/key/update", $$"""{"key": "{{key}}", "temp_budget_increase": 5, "temp_budget_expiry": "2026-11-21T13:00:00Z"}""");
        var open = await AdmitAsync(key);
        _server.Time.Advance(TimeSpan.FromHours(1));

        (closed is null, open is null, (await AdmitAsync(key)) is null).Should().Be((false, true, false));
    }

    [TestCase("key", "/key/update", """{"key": "sk-of-everything", "max_budget": 1, "budget_duration": "1d"}""")]
    [TestCase("team", "/team/update", """{"team_id": "t-1", "max_budget": 1, "budget_duration": "1d"}""")]
    [TestCase("end_user", "/customer/new", """{"user_id": "c-1", "max_budget": 1, "budget_duration": "1d"}""")]
    [TestCase("user", "/user/new", """{"user_id": "u-1", "auto_create_key": false, "max_budget": 1, "budget_duration": "1d"}""")]
    [TestCase("organization", "/organization/new", """{"organization_id": "o-1", "max_budget": 1, "budget_duration": "1d"}""")]
    [TestCase("tag", "/tag/new", """{"name": "red", "max_budget": 1, "budget_duration": "1d"}""")]
    [TestCase("model_per_key", "/key/update", """{"key": "sk-of-everything", "model_max_budget": {"m": {"budget_limit": 1, "time_period": "1d"}}}""")]
    public async Task A_period_that_is_over_opens_the_budget_at_once_in_memory_and_in_the_row(string scope, string path, string body)
    {
        var key = await KeyInEverythingAsync();
        await _server.Admin.PostAsync(path, body);
        await SpendAsync(key, 1);
        var before = (await AdmitAsync(key))!;

        _server.Time.Advance(TimeSpan.FromHours(11));
        var still = await AdmitAsync(key);
        _server.Time.Advance(TimeSpan.FromHours(1));
        var after = await AdmitAsync(key);

        (before.Scope!.Scope, before.Scope.ResetAt).Should().Be((scope, new DateTimeOffset(2026, 11, 22, 0, 0, 0, TimeSpan.Zero)));
        (still is null, after is null).Should().Be((false, true));
        await SpendAsync(key, 0.5m);
        var shown = await _server.Admin.GetJsonAsync(scope == "team" ? "/team/info?team_id=t-1" : $"/key/info?key={key}");
        var row = scope switch { "team" => shown.Body.GetProperty("team_info"), "key" => shown.Body.GetProperty("info"), _ => default };
        if (row.ValueKind == JsonValueKind.Object) row.GetProperty("spend").GetDecimal().Should().Be(0.5m);
    }

    [Test]
    public async Task A_key_that_nobody_uses_shows_its_new_period_at_once()
    {
        var key = await _server.CreateKeyAsync(""" "spend": 3, "max_budget": 1, "budget_duration": "7d" """);
        _server.Time.Advance(TimeSpan.FromDays(3));

        var info = (await _server.Admin.GetJsonAsync($"/key/info?key={key}")).Body.GetProperty("info");

        info.GetProperty("spend").GetDecimal().Should().Be(0);
        info.GetProperty("budget_reset_at").GetDateTimeOffset().Should().Be(new DateTimeOffset(2026, 11, 30, 0, 0, 0, TimeSpan.Zero));
    }

    private async Task<string> KeyInEverythingAsync()
    {
        await _server.CreateTeamAsync(""" "team_id": "t-1", "organization_id": "o-1" """);
        return await _server.CreateKeyAsync(""" "key": "sk-of-everything", "team_id": "t-1", "user_id": "u-1" """);
    }

    private async Task<ProxyError?> AdmitAsync(string key)
    {
        var (reservation, error) = await ReserveAsync(key);
        reservation?.Release();
        return error;
    }

    private async Task SpendAsync(string key, decimal cost)
    {
        var (reservation, error) = await ReserveAsync(key);
        error.Should().BeNull();
        await _server.Services.GetRequiredService<SpendLedger>().RecordAsync(
            new SpendEntry
            {
                CallId = Guid.NewGuid(),
                CallType = "acompletion",
                KeyHash = KeyHash.Of(key),
                TeamId = "t-1",
                UserId = "u-1",
                OrganizationId = "o-1",
                EndUser = "c-1",
                Tags = ["red"],
                Model = "m",
                Outcome = SpendOutcome.Success,
                StatusCode = 200,
                Cost = cost,
                StartedAt = _server.Time.GetUtcNow(),
                EndedAt = _server.Time.GetUtcNow(),
            },
            null,
            reservation);
    }

    private async Task<(Reservation? Reservation, ProxyError? Error)> ReserveAsync(string key)
    {
        var state = await _server.Services.GetRequiredService<KeyRing>().FindAsync(KeyHash.Of(key));
        return await _server.Services.GetRequiredService<Cashier>().ReserveAsync(state!.Caller, new CallEstimate(["m"], 0, 0, "c-1", ["red"]), default);
    }
}
