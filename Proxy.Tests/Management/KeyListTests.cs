using System.Text.Json;
using FluentAssertions;
using FsCheck.Fluent;
using NUnit.Framework;
using Proxy.Tests.Databases;

namespace Proxy.Tests.Management;

/// <summary>Keys in pages, by filters and in an order; and those that are named.</summary>
[OnEachEngine]
internal sealed class KeyListTests
{
    private const int Keys = 23;

    private readonly List<string> _keys = [];
    private ManagementServer _server = null!;

    [SetUp]
    public async Task MakeKeysAsync()
    {
        _server = await ManagementServer.StartAsync();
        foreach (var team in (string[])["t-0", "t-1"]) await _server.CreateTeamAsync($""" "team_id": "{team}" """);
        for (var i = 0; i < Keys; i++)
        {
            _server.Time.Advance(TimeSpan.FromSeconds(1));
            var alias = i % 2 == 0 ? $", \"key_alias\": \"alias-{i:00}\"" : "";
            var budget = i % 3 == 0 ? $", \"max_budget\": {100 - i}" : "";
            _keys.Add(await _server.CreateKeyAsync($""" "user_id": "u-{i % 4}", "team_id": "t-{i % 2}", "organization_id": "o-{i % 5}", "spend": {i % 7}{alias}{budget} """));
        }
    }

    [TearDown]
    public async Task StopAsync() => await _server.DisposeAsync();

    [Test]
    public async Task Every_page_size_and_order_shows_each_key_once()
    {
        var columns = new[] { "spend", "max_budget", "created_at", "updated_at", "token", "key_alias" };
        var queries = Gen.Elements(columns).SelectMany(sort => Gen.Elements("asc", "desc").SelectMany(order => Gen.Choose(1, 30).Select(size => (sort, order, size))));
        var hashes = _keys.Select(KeyCalls.HashOf).ToList();

        foreach (var (sort, order, size) in queries.Sample(12))
        {
            var shown = new List<string>();
            var pages = (Keys + size - 1) / size;
            for (var page = 1; page <= pages + 1; page++)
            {
                var body = await ListAsync($"page={page}&size={size}&sort_by={sort}&sort_order={order}");
                (body.GetProperty("total_count").GetInt32(), body.GetProperty("total_pages").GetInt32(), body.GetProperty("current_page").GetInt32()).Should().Be((Keys, pages, page));
                shown.AddRange(body.GetProperty("keys").EnumerateArray().Select(key => key.GetString()!));
            }

            shown.Should().BeEquivalentTo(hashes, "{0} {1} in pages of {2} has each once", sort, order, size);
            if (sort == "created_at") shown.Should().Equal(order == "asc" ? hashes : Enumerable.Reverse(hashes));
            if (sort == "token") shown.Should().Equal(order == "asc" ? hashes.Order(StringComparer.Ordinal) : hashes.OrderDescending(StringComparer.Ordinal));
        }
    }

    [Test]
    public async Task A_filter_and_its_total_agree()
    {
        var filters = new[]
        {
            ("user_id=u-1", 6),
            ("team_id=t-1", 11),
            ("organization_id=o-2", 5),
            ("team_id=t-1&user_id=u-1", 6),
            ("team_id=t-0&user_id=u-1", 0),
            ("key_alias=alias-04", 1),
            ("key_alias=alias", 0),
            ("key_alias=alias%25", 0),
            ("user_id=u-1%27%20or%201%3D1--", 0),
        };

        foreach (var (filter, count) in filters)
        {
            var body = await ListAsync($"{filter}&size=100");
            (body.GetProperty("keys").GetArrayLength(), body.GetProperty("total_count").GetInt32()).Should().Be((count, count), filter);
        }
    }

    [Test]
    public async Task Totals_follow_every_change()
    {
        await PostAsync("/key/update", $$"""{"key": "{{_keys[1]}}", "user_id": "u-9", "team_id": null}""");
        await PostAsync("/key/delete", $$"""{"keys": ["{{_keys[5]}}", "{{_keys[5]}}"]}""");
        await PostAsync($"/key/{_keys[0]}/regenerate", "{}");

        foreach (var (filter, count) in new[] { ("", 22), ("user_id=u-1", 4), ("user_id=u-9", 1), ("team_id=t-1", 9), ("organization_id=o-0", 4) })
        {
            var body = await ListAsync($"{filter}&size=100".TrimStart('&'));
            (body.GetProperty("keys").GetArrayLength(), body.GetProperty("total_count").GetInt32()).Should().Be((count, count), filter);
        }
    }

    [Test]
    public async Task Whole_keys_are_shown_when_they_are_asked_for()
    {
        var body = await ListAsync($"key_hash={KeyCalls.HashOf(_keys[2])}&return_full_object=true");

        var key = body.GetProperty("keys")[0];
        (key.GetProperty("token").GetString(), key.GetProperty("key_alias").GetString()).Should().Be((KeyCalls.HashOf(_keys[2]), "alias-02"));
        key.TryGetProperty("key", out _).Should().BeFalse();
    }

    [Test]
    public async Task A_query_that_is_not_known_or_wrong_is_refused()
    {
        var queries = new[]
        {
            ("foo=1&bar=2", 400, "bad_request_error", "bar, foo"),
            ("page=0", 422, "invalid_request_error", "page"),
            ("size=101", 422, "invalid_request_error", "size"),
            ("size=x", 422, "invalid_request_error", "size"),
            ("sort_by=metadata", 400, "invalid_request_error", "sort_by"),
            ("sort_order=up", 400, "invalid_request_error", "sort_order"),
            ("return_full_object=maybe", 400, "invalid_request_error", "return_full_object"),
            ("key_hash=xyz", 400, "invalid_request_error", "key_hash"),
            ("user_id=a&user_id=b", 400, "invalid_request_error", "user_id"),
            ("user_id=a%00b", 400, "invalid_request_error", "user_id"),
        };

        foreach (var (query, status, type, param) in queries)
            (await _server.Admin.GetJsonAsync($"/key/list?{query}")).Refusal().Should().Be((status, type, param), query);
    }

    [Test]
    public async Task Aliases_come_in_pages()
    {
        var (_, body) = await _server.Admin.GetJsonAsync("/key/aliases?page=2&size=5");

        body.GetProperty("aliases").EnumerateArray().Select(alias => alias.GetString()).Should().Equal("alias-10", "alias-12", "alias-14", "alias-16", "alias-18");
        (body.GetProperty("total_count").GetInt32(), body.GetProperty("total_pages").GetInt32()).Should().Be((12, 3));
        (await _server.Admin.GetJsonAsync("/key/aliases?user_id=u-1")).Status.Should().Be(400);
    }

    [Test]
    public async Task Named_keys_are_shown_and_unknown_ones_are_missing()
    {
        var (status, body) = await _server.Admin.PostAsync("/v2/key/info", $$"""{"keys": ["{{_keys[0]}}", "sk-nobody-has-this", "{{KeyCalls.HashOf(_keys[1])}}"]}""");

        status.Should().Be(200);
        body.GetProperty("key").GetArrayLength().Should().Be(3);
        body.GetProperty("info").EnumerateArray().Select(key => key.GetProperty("token").GetString()).Should().Equal(KeyCalls.HashOf(_keys[0]), KeyCalls.HashOf(_keys[1]));
        (await _server.Admin.PostAsync("/v2/key/info", "")).Refusal().Should().Be((422, "invalid_request_error", "keys"));
    }

    [Test]
    public async Task Each_of_many_updates_has_its_own_answer()
    {
        var (status, body) = await _server.Admin.PostAsync("/key/bulk_update", $$"""
            {"keys": [{"key": "{{_keys[0]}}", "max_budget": 5, "tags": ["a"]}, {"key": "sk-nobody-has-this", "max_budget": 5}, {"key": "{{_keys[1]}}", "max_budget": -1}]}
            """);

        (status, body.GetProperty("total_requested").GetInt32()).Should().Be((200, 3));
        body.GetProperty("successful_updates").EnumerateArray().Single().GetProperty("key_info").GetProperty("max_budget").GetDecimal().Should().Be(5);
        var failed = body.GetProperty("failed_updates").EnumerateArray().ToList();
        failed.Select(key => key.GetProperty("key").GetString()).Should().Equal("sk-nobody-has-this", _keys[1]);
        failed[1].GetProperty("failed_reason").GetString().Should().Contain("max_budget");
        (await _server.Admin.PostAsync("/key/bulk_update", """{"keys": []}""")).Status.Should().Be(422);
    }

    [Test]
    public async Task Spend_is_set_back_in_the_row_and_in_memory()
    {
        var key = await _server.CreateKeyAsync(""" "max_budget": 2, "team_id": "t-0" """);
        await _server.CallAsync(key, cost: 2);
        (await _server.CallAsync(key))!.Type.Should().Be("budget_exceeded");

        (await _server.Admin.PostAsync($"/key/{key}/reset_spend", """{"reset_to": 3}""")).Refusal().Should().Be((400, "invalid_request_error", "reset_to"));
        var (_, reset) = await _server.Admin.PostAsync($"/key/{key}/reset_spend", """{"reset_to": 1}""");
        (reset.GetProperty("spend").GetDecimal(), reset.GetProperty("previous_spend").GetDecimal()).Should().Be((1m, 2m));
        (await _server.CallAsync(key, cost: 1)).Should().BeNull();
        (await _server.CallAsync(key))!.Type.Should().Be("budget_exceeded");

        (await _server.Admin.PostAsync("/global/spend/reset", "")).Status.Should().Be(200);
        (await _server.CallAsync(key, cost: 0.5m)).Should().BeNull();
        (await _server.Admin.GetJsonAsync($"/key/info?key={key}")).Body.GetProperty("info").GetProperty("spend").GetDecimal().Should().Be(0.5m);
        (await _server.Admin.GetJsonAsync("/team/info?team_id=t-0")).Body.GetProperty("team_info").GetProperty("spend").GetDecimal().Should().Be(0.5m);
        (await _server.Admin.GetJsonAsync($"/spend/logs?api_key={key}")).Body.GetArrayLength().Should().Be(3);
        using var own = _server.With(key);
        (await own.PostAsync("/global/spend/reset", "")).Status.Should().Be(401);
    }

    private async Task<JsonElement> ListAsync(string query)
    {
        var (status, body) = await _server.Admin.GetJsonAsync($"/key/list?{query}");
        status.Should().Be(200, body.ToString());
        return body;
    }

    private async Task PostAsync(string path, string body) => (await _server.Admin.PostAsync(path, body)).Status.Should().Be(200);
}
