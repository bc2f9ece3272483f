using System.Text.Json;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Tests.Databases;

namespace Proxy.Tests.Management;

/// <summary>A key that is given a new secret stays the same key: in memory, in the sums of its calls, and in every read.</summary>
[OnEachEngine]
internal sealed class KeyRegenerationTests
{
    private ManagementServer _server = null!;

    [SetUp]
    public async Task StartAsync() => _server = await ManagementServer.StartAsync();

    [TearDown]
    public async Task StopAsync() => await _server.DisposeAsync();

    [TestCase("path")]
    [TestCase("hash")]
    [TestCase("body")]
    public async Task The_old_secret_is_refused_on_the_very_next_request(string way)
    {
        var old = await _server.CreateKeyAsync(""" "key_alias": "ci", "max_budget": 10, "spend": 1.5 """);
        (await _server.AuthenticateAsync(old)).IsAllowed.Should().BeTrue();

        var (status, body) = way switch
        {
            "path" => await _server.Admin.PostAsync($"/key/{old}/regenerate", ""),
            "hash" => await _server.Admin.PostAsync($"/key/{KeyCalls.HashOf(old)}/regenerate", "{}"),
            _ => await _server.Admin.PostAsync("/key/regenerate", $$"""{"key": "{{old}}"}"""),
        };

        status.Should().Be(200, body.ToString());
        var key = body.GetProperty("key").GetString()!;
        key.Should().StartWith("sk-").And.NotBe(old);
        (body.GetProperty("key_name").GetString(), body.GetProperty("key_alias").GetString()).Should().Be(("sk-..." + key[^4..], "ci"));
        (body.GetProperty("spend").GetDecimal(), body.GetProperty("max_budget").GetDecimal()).Should().Be((1.5m, 10m));
        (await _server.AuthenticateAsync(old)).Error!.Type.Should().Be("token_not_found_in_db");
        (await _server.AuthenticateAsync(key)).IsAllowed.Should().BeTrue();
    }

    [Test]
    public async Task A_call_under_way_is_billed_to_the_key_and_every_read_shows_one_key()
    {
        var old = await _server.CreateKeyAsync(""" "max_budget": 10 """);
        await _server.CallAsync(old, cost: 1);
        var (caller, reservation, _) = await _server.BeginCallAsync(old);

        var key = await RegenerateAsync(old);
        await _server.EndCallAsync(caller!, reservation!, cost: 2);
        await _server.CallAsync(key, cost: 4);

        foreach (var name in (string[])[key, old, KeyCalls.HashOf(key), KeyCalls.HashOf(old)])
        {
            (await InfoAsync(name)).GetProperty("spend").GetDecimal().Should().Be(7, name);
            (await _server.Admin.GetJsonAsync($"/spend/logs?api_key={name}")).Body.EnumerateArray().Select(row => row.GetProperty("spend").GetDecimal())
                .Should().BeEquivalentTo([1m, 2m, 4m]);
            (await _server.Admin.GetJsonAsync($"/global/spend/models?api_key={name}")).Body[0].GetProperty("total_spend").GetDecimal().Should().Be(7);
        }

        var ranked = (await _server.Admin.GetJsonAsync("/global/spend/keys")).Body.EnumerateArray().ToList();
        ranked.Should().ContainSingle().Which.GetProperty("total_spend").GetDecimal().Should().Be(7);
        using var own = _server.With(key);
        (await own.GetJsonAsync("/spend/logs")).Body.GetArrayLength().Should().Be(3);
        (await own.GetJsonAsync($"/spend/logs?api_key={key}")).Body.GetArrayLength().Should().Be(3);
        (await own.GetJsonAsync($"/key/info?key={key}")).Status.Should().Be(200);
    }

    [Test]
    public async Task The_budget_goes_on_with_what_was_spent_under_the_old_secret()
    {
        var old = await _server.CreateKeyAsync(""" "max_budget": 3 """);
        await _server.CallAsync(old, cost: 2);
        var key = await RegenerateAsync(old);

        await _server.CallAsync(key, cost: 1);

        (await _server.CallAsync(key))!.Type.Should().Be("budget_exceeded");
    }

    [Test]
    public async Task Within_its_grace_period_the_old_secret_opens_the_key_too()
    {
        var old = await _server.CreateKeyAsync(""" "max_budget": 10 """);
        await _server.CallAsync(old, cost: 1);

        var key = await RegenerateAsync(old, """ "grace_period": "1h" """);

        await _server.CallAsync(old, cost: 2);
        await _server.CallAsync(key, cost: 3);
        (await InfoAsync(key)).GetProperty("spend").GetDecimal().Should().Be(6);
        _server.Time.Advance(TimeSpan.FromMinutes(59));
        (await _server.AuthenticateAsync(old)).IsAllowed.Should().BeTrue();
        _server.Time.Advance(TimeSpan.FromMinutes(1));
        (await _server.AuthenticateAsync(old)).Error!.Type.Should().Be("token_not_found_in_db");
        (await _server.AuthenticateAsync(key)).IsAllowed.Should().BeTrue();
    }

    [Test]
    public async Task A_change_of_the_key_holds_for_every_secret_of_it()
    {
        var old = await _server.CreateKeyAsync();
        var key = await RegenerateAsync(old, """ "grace_period": "1h" """);
        (await _server.AuthenticateAsync(old)).IsAllowed.Should().BeTrue();

        await _server.Admin.PostAsync("/key/block", $$"""{"key": "{{KeyCalls.HashOf(old)}}"}""");
        (await _server.AuthenticateAsync(old)).Error!.Message.Should().Contain("blocked");
        (await _server.AuthenticateAsync(key)).Error!.Message.Should().Contain("blocked");
        await _server.Admin.PostAsync("/key/unblock", $$"""{"key": "{{key}}"}""");

        // The second one, without grace, ends all that were.
        var last = await RegenerateAsync(key);
        foreach (var gone in (string[])[old, key]) (await _server.AuthenticateAsync(gone)).IsAllowed.Should().BeFalse();
        (await _server.AuthenticateAsync(last)).IsAllowed.Should().BeTrue();

        await _server.Admin.PostAsync("/key/delete", $$"""{"keys": ["{{last}}"]}""");
        foreach (var gone in (string[])[old, key, last]) (await _server.AuthenticateAsync(gone)).IsAllowed.Should().BeFalse();
    }

    [Test]
    public async Task A_new_secret_works_at_once_though_it_was_tried_before()
    {
        var old = await _server.CreateKeyAsync();
        (await _server.AuthenticateAsync("sk-chosen-second")).IsAllowed.Should().BeFalse();

        var key = await RegenerateAsync(old, """ "new_key": "sk-chosen-second" """);

        key.Should().Be("sk-chosen-second");
        (await _server.AuthenticateAsync(key)).IsAllowed.Should().BeTrue();
    }

    [Test]
    public async Task A_secret_that_was_given_up_is_nobodys_again()
    {
        var old = await _server.CreateKeyAsync(""" "key": "sk-chosen-first" """);
        var key = await RegenerateAsync(old);
        var other = await _server.CreateKeyAsync();

        foreach (var taken in (string[])[old, key, other, ManagementServer.MasterKeyText])
        {
            (await _server.Admin.PostAsync("/key/generate", $$"""{"key": "{{taken}}"}""")).Refusal().Should().Be((409, "bad_request_error", "key"));
            (await _server.Admin.PostAsync($"/key/{key}/regenerate", $$"""{"new_key": "{{taken}}"}""")).Status.Should().Be(409);
        }

        (await _server.AuthenticateAsync(key)).IsAllowed.Should().BeTrue();
    }

    [Test]
    public async Task Fields_beside_it_are_those_of_an_update()
    {
        var old = await _server.CreateKeyAsync(""" "max_budget": 10, "tpm_limit": 5 """);

        var key = await RegenerateAsync(old, """ "max_budget": 20, "tpm_limit": null, "duration": "30d" """);

        var info = await InfoAsync(key);
        info.GetProperty("max_budget").GetDecimal().Should().Be(20);
        info.GetProperty("tpm_limit").ValueKind.Should().Be(JsonValueKind.Null);
        info.GetProperty("expires").GetDateTimeOffset().Should().Be(_server.Time.GetUtcNow().AddDays(30));
    }

    [TestCase("sk-nobody-has-this", "{}", 404)]
    [TestCase("no-key", "{}", 400)]
    [TestCase("KEY", """{"new_key": "chosen"}""", 400)]
    [TestCase("KEY", """{"grace_period": "x"}""", 400)]
    [TestCase("KEY", """{"new_master_key": "sk-other-master-key"}""", 400)]
    [TestCase("KEY", """{"max_budget": -1}""", 422)]
    public async Task A_wrong_one_changes_nothing(string name, string body, int status)
    {
        var key = await _server.CreateKeyAsync();

        (await _server.Admin.PostAsync($"/key/{name.Replace("KEY", key)}/regenerate", body)).Status.Should().Be(status);
        (await _server.Admin.PostAsync("/key/regenerate", "{}")).Refusal().Should().Be((422, "invalid_request_error", "key"));

        (await _server.AuthenticateAsync(key)).IsAllowed.Should().BeTrue();
    }

    [Test]
    public async Task A_key_that_is_made_anew_after_it_was_deleted_has_nothing_of_the_old_one()
    {
        var key = await _server.CreateKeyAsync(""" "key": "sk-made-twice", "max_budget": 1 """);
        await _server.CallAsync(key, cost: 1);
        (await _server.CallAsync(key))!.Type.Should().Be("budget_exceeded");
        await _server.Admin.PostAsync("/key/delete", $$"""{"keys": ["{{key}}"]}""");

        await _server.CreateKeyAsync(""" "key": "sk-made-twice", "max_budget": 2 """);

        (await _server.CallAsync(key, cost: 1.5m)).Should().BeNull();
        (await InfoAsync(key)).GetProperty("spend").GetDecimal().Should().Be(1.5m);
    }

    private async Task<string> RegenerateAsync(string key, string fields = "")
    {
        var (status, body) = await _server.Admin.PostAsync($"/key/{key}/regenerate", $"{{{fields}}}");
        status.Should().Be(200, body.ToString());
        return body.GetProperty("key").GetString()!;
    }

    private async Task<JsonElement> InfoAsync(string key)
    {
        var (status, body) = await _server.Admin.GetJsonAsync($"/key/info?key={key}");
        status.Should().Be(200, body.ToString());
        return body.GetProperty("info");
    }
}
