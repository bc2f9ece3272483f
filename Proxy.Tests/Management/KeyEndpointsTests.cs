using System.Text.Json;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Management.Keys;
using Proxy.Tests.Databases;

namespace Proxy.Tests.Management;

[OnEachEngine]
internal sealed class KeyEndpointsTests
{
    [Test]
    public async Task An_empty_body_makes_a_key_without_limits()
    {
        await using var server = await ManagementServer.StartAsync();

        var (status, body) = await server.Admin.PostAsync("/key/generate", "{}");

        var key = body.GetProperty("key").GetString()!;
        status.Should().Be(200);
        key.Should().StartWith("sk-").And.HaveLength(25);
        body.GetProperty("key_name").GetString().Should().Be("sk-..." + key[^4..]);
        body.GetProperty("token").GetString().Should().Be(KeyHash.Of(key).ToString());
        body.GetProperty("token_id").GetString().Should().Be(KeyHash.Of(key).ToString());
        body.GetProperty("models").GetArrayLength().Should().Be(0);
        foreach (var name in (string[])["expires", "max_budget", "user_id", "team_id", "key_alias", "blocked", "tags", "duration"])
            body.GetProperty(name).ValueKind.Should().Be(JsonValueKind.Null, name);
    }

    [Test]
    public async Task All_fields_are_kept_and_shown()
    {
        await using var server = await ManagementServer.StartAsync();
        await server.CreateTeamAsync("""  "team_id": "t-1" """);
        const string Fields = """
            "key_alias": "ci", "duration": "1mo", "models": ["gpt-4o", "openai/*"], "aliases": {"a": "b"}, "config": {"x": 1},
            "permissions": {"get_spend_routes": true}, "spend": 0.5, "max_budget": 10.25, "soft_budget": 8, "budget_duration": "30d",
            "model_max_budget": {"gpt-4o": 1}, "max_parallel_requests": 3, "tpm_limit": 1000, "rpm_limit": 10,
            "model_rpm_limit": {"gpt-4o": 5}, "guardrails": ["g"], "tags": ["t"], "metadata": {"note": "übung"},
            "allowed_cache_controls": ["no-cache"], "user_id": "u-1", "team_id": "t-1", "blocked": false, "allowed_routes": ["/key/info"],
            "organization_id": "o-1", "key_type": "llm_api", "auto_rotate": false, "unknown_field": 1
            """;

        var key = await server.CreateKeyAsync(Fields);
        var (status, body) = await server.Admin.GetJsonAsync($"/key/info?key={key}");

        var info = body.GetProperty("info");
        status.Should().Be(200);
        body.GetProperty("key").GetString().Should().Be(key);
        using var asked = JsonDocument.Parse($"{{{Fields}}}");
        foreach (var field in asked.RootElement.EnumerateObject().Where(field => field.Name is not ("unknown_field" or "metadata")))
            JsonElement.DeepEquals(info.GetProperty(field.Name), field.Value).Should().BeTrue(field.Name);
        info.TryGetProperty("unknown_field", out _).Should().BeFalse();
        info.TryGetProperty("token", out _).Should().BeFalse();
        info.GetProperty("metadata").GetProperty("note").GetString().Should().Be("übung");
        info.GetProperty("metadata").GetProperty("model_rpm_limit").GetProperty("gpt-4o").GetInt32().Should().Be(5);
        info.GetProperty("metadata").GetProperty("tags")[0].GetString().Should().Be("t");
        info.GetProperty("expires").GetDateTimeOffset().Should().Be(new DateTimeOffset(2026, 12, 21, 12, 0, 0, TimeSpan.Zero));
    }

    [Test]
    public async Task A_chosen_key_that_exists_is_a_conflict()
    {
        await using var server = await ManagementServer.StartAsync();
        await server.CreateKeyAsync(""" "key": "sk-chosen-1" """);

        var answer = await server.Admin.PostAsync("/key/generate", """{"key": "sk-chosen-1"}""");
        var master = await server.Admin.PostAsync("/key/generate", $$"""{"key": "{{ManagementServer.MasterKeyText}}"}""");

        answer.Refusal().Should().Be((409, "bad_request_error", "key"));
        master.Refusal().Should().Be((409, "bad_request_error", "key"));
        answer.Message().Should().NotContain("sk-chosen-1");
    }

    [TestCase("chosen-key-1")]
    [TestCase("sk-1")]
    [TestCase("sk-with a space")]
    [TestCase("sk-ümlaut-key")]
    public async Task A_chosen_key_must_look_like_a_key(string key)
    {
        await using var server = await ManagementServer.StartAsync();

        var answer = await server.Admin.PostAsync("/key/generate", $$"""{"key": "{{key}}"}""");

        answer.Refusal().Should().Be((400, "invalid_request_error", "key"));
        answer.Message().Should().Contain("must start with 'sk-'").And.NotContain(key);
    }

    [Test]
    public async Task An_alias_belongs_to_one_key()
    {
        await using var server = await ManagementServer.StartAsync();
        await server.CreateKeyAsync(""" "key_alias": "ci" """);

        var answer = await server.Admin.PostAsync("/key/generate", """{"key_alias": "ci"}""");

        answer.Refusal().Should().Be((400, "bad_request_error", "key_alias"));
        answer.Message().Should().Be("Key with alias 'ci' already exists. Unique key aliases across all keys are required.");
    }

    [Test]
    public async Task A_key_of_an_unknown_team_is_refused()
    {
        await using var server = await ManagementServer.StartAsync();

        var answer = await server.Admin.PostAsync("/key/generate", """{"team_id": "nobody"}""");

        answer.Refusal().Should().Be((400, "invalid_request_error", "team_id"));
        answer.Message().Should().Be("Unable to find team object in database. Team ID: nobody");
    }

    [Test]
    public async Task Secrets_of_a_keys_own_callbacks_are_masked_and_encrypted()
    {
        await using var server = await ManagementServer.StartAsync();
        var key = await server.CreateKeyAsync("""
            "metadata": {"logging": [{"callback_name": "langfuse", "callback_type": "success",
                "callback_vars": {"langfuse_public_key": "pk-1", "langfuse_secret_key": "canary-of-the-key"}}]}
            """);

        var (_, body) = await server.Admin.GetJsonAsync($"/key/info?key={key}");

        body.ToString().Should().Contain("***").And.NotContain("canary-of-the-key");
        (await DatabaseBytes.ContainAsync(server, "canary-of-the-key")).Should().BeFalse();
    }

    [Test]
    public async Task A_caller_sees_its_own_key_and_no_other()
    {
        await using var server = await ManagementServer.StartAsync();
        var own = await server.CreateKeyAsync(""" "key_alias": "own" """);
        var other = await server.CreateKeyAsync();
        using var client = server.With(own);

        var byDefault = await client.GetJsonAsync("/key/info");
        var byKey = await client.GetJsonAsync($"/key/info?key={own}");
        var byHash = await client.GetJsonAsync($"/key/info?key={KeyHash.Of(own)}");
        var others = await client.GetJsonAsync($"/key/info?key={other}");
        var nobodys = await client.GetJsonAsync("/key/info?key=sk-nobody-has-this");

        (byDefault.Status, byKey.Status, byHash.Status).Should().Be((200, 200, 200));
        byDefault.Body.GetProperty("key").GetString().Should().Be(KeyHash.Of(own).ToString());
        others.Refusal().Should().Be((403, "auth_error", "key"));
        others.Message().Should().Be("You are not allowed to access this key's info. Your role=unknown");
        nobodys.Refusal().Should().Be(others.Refusal());
    }

    [Test]
    public async Task An_unknown_key_has_no_info()
    {
        await using var server = await ManagementServer.StartAsync();

        var answer = await server.Admin.GetJsonAsync("/key/info?key=sk-nobody-has-this");

        answer.Refusal().Should().Be((404, "not_found_error", "key"));
        answer.Message().Should().Be("Key not found in database");
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task A_block_is_effective_on_the_next_request(bool byHash)
    {
        await using var server = await ManagementServer.StartAsync();
        var key = await server.CreateKeyAsync();
        var name = byHash ? KeyHash.Of(key).ToString() : key;
        using var client = server.With(key);
        (await client.GetJsonAsync("/key/info")).Status.Should().Be(200);

        var blocked = await server.Admin.PostAsync("/key/block", $$"""{"key": "{{name}}"}""");
        var refused = await client.GetJsonAsync("/key/info");
        var unblocked = await server.Admin.PostAsync("/key/unblock", $$"""{"key": "{{name}}"}""");
        var admitted = await client.GetJsonAsync("/key/info");

        blocked.Body.GetProperty("blocked").GetBoolean().Should().BeTrue();
        blocked.Body.GetProperty("token").GetString().Should().Be(KeyHash.Of(key).ToString());
        refused.Refusal().Should().Be((401, "auth_error", null));
        refused.Message().Should().Be("Authentication Error, Key is blocked. Update via `/key/unblock` if you're admin.");
        unblocked.Body.GetProperty("blocked").GetBoolean().Should().BeFalse();
        admitted.Status.Should().Be(200);
    }

    [TestCase("/key/block")]
    [TestCase("/key/unblock")]
    public async Task Only_a_key_or_its_hash_can_be_blocked(string path)
    {
        await using var server = await ManagementServer.StartAsync();

        (await server.Admin.PostAsync(path, """{"key": "no-key"}""")).Refusal().Should().Be((400, "invalid_request_error", "key"));
        (await server.Admin.PostAsync(path, """{"key": "sk-nobody-has-this"}""")).Refusal().Should().Be((401, "token_not_found_in_db", "key"));
        (await server.Admin.PostAsync(path, "{}")).Refusal().Should().Be((422, "invalid_request_error", "key"));
    }

    [Test]
    public async Task Keys_are_deleted_by_value_hash_and_alias()
    {
        await using var server = await ManagementServer.StartAsync();
        var first = await server.CreateKeyAsync();
        var second = await server.CreateKeyAsync();
        var third = await server.CreateKeyAsync(""" "key_alias": "third" """);
        using var client = server.With(first);
        (await client.GetJsonAsync("/key/info")).Status.Should().Be(200);

        var deleted = await server.Admin.PostAsync(
            "/key/delete", $$"""{"keys": ["{{first}}", "{{KeyHash.Of(second)}}"], "key_aliases": ["third"]}""");

        deleted.Body.GetProperty("deleted_keys").EnumerateArray().Select(key => key.GetString())
            .Should().Equal(first, KeyHash.Of(second).ToString(), "third");
        (await client.GetJsonAsync("/key/info")).Refusal().Should().Be((401, "token_not_found_in_db", "key"));
        (await server.Admin.GetJsonAsync($"/key/info?key={third}")).Status.Should().Be(404);
    }

    [Test]
    public async Task A_delete_that_names_an_unknown_key_deletes_nothing()
    {
        await using var server = await ManagementServer.StartAsync();
        var key = await server.CreateKeyAsync();

        var answer = await server.Admin.PostAsync("/key/delete", $$"""{"keys": ["{{key}}", "sk-nobody-has-this"]}""");

        answer.Refusal().Should().Be((404, "not_found_error", "keys"));
        answer.Message().Should().StartWith("No keys found").And.NotContain("sk-nobody");
        (await server.Admin.GetJsonAsync($"/key/info?key={key}")).Status.Should().Be(200);
    }

    [TestCase("{}")]
    [TestCase("""{"keys": []}""")]
    [TestCase("""{"keys": null, "key_aliases": []}""")]
    public async Task A_delete_of_nothing_is_refused(string body)
    {
        await using var server = await ManagementServer.StartAsync();

        (await server.Admin.PostAsync("/key/delete", body)).Refusal().Should().Be((422, "invalid_request_error", "keys"));
    }
}
