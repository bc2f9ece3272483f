using FluentAssertions;
using NUnit.Framework;
using Proxy.Management.Bodies;
using Proxy.Tests.Databases;

namespace Proxy.Tests.Management;

[OnEachEngine]
internal sealed class BodyTests
{
    [Test]
    public async Task One_answer_names_every_fault()
    {
        await using var server = await ManagementServer.StartAsync();

        var answer = await server.Admin.PostAsync("/key/generate", """
            {"key_alias": 1, "models": "gpt-4o", "max_budget": -1, "tpm_limit": 1.5, "blocked": "yes", "metadata": [], "duration": "abc", "tags": [1]}
            """);

        var (status, type, _) = answer.Refusal();
        (status, type).Should().Be((422, "invalid_request_error"));
        foreach (var field in (string[])["key_alias", "models", "max_budget", "tpm_limit", "blocked", "metadata", "duration", "tags"])
            answer.Message().Should().Contain($"'{field}'");
    }

    [TestCase("{")]
    [TestCase("{\"key_alias\": \"\\ud800\"}")]
    [TestCase("{\"max_budget\": NaN}")]
    [TestCase("{} {}")]
    public async Task What_is_not_json_is_malformed(string body)
    {
        await using var server = await ManagementServer.StartAsync();

        (await server.Admin.PostAsync("/key/generate", body)).Refusal().Should().Be((400, "invalid_request_error", null));
    }

    [TestCase("{\"models\": [\"a\"], \"models\": [\"b\"]}", "models")]
    [TestCase("{\"metadata\": {\"list\": [{\"own\": 1, \"own\": 2}]}}", "own")]
    [TestCase("{\"max_budget\": 1, \"max\\u005fbudget\": 2}", "max_budget")]
    public async Task What_is_named_twice_is_named_in_the_refusal(string json, string name)
    {
        await using var server = await ManagementServer.StartAsync();

        var (status, body) = await server.Admin.PostAsync("/key/generate", json);

        (status, body.GetProperty("error").GetProperty("param").GetString()).Should().Be((400, name));
        body.GetProperty("error").GetProperty("message").GetString().Should().Be($"The request body names '{name}' twice.");
    }

    [TestCase("[]", 422)]
    [TestCase("null", 422)]
    public async Task A_body_is_an_object(string body, int status)
    {
        await using var server = await ManagementServer.StartAsync();

        (await server.Admin.PostAsync("/key/generate", body)).Refusal().Should().Be((status, "invalid_request_error", null));
    }

    [TestCase("key_alias", "\"a\\u0000b\"", "control characters")]
    [TestCase("key_alias", "\"a\\nb\"", "control characters")]
    [TestCase("metadata", "{\"a\": [\"\\u0000\"]}", "NUL")]
    [TestCase("max_budget", "1e400", "amount")]
    [TestCase("max_budget", "1e16", "amount")]
    [TestCase("rpm_limit", "99999999999999999999", "whole number")]
    public async Task A_value_that_cannot_be_kept_is_refused(string field, string value, string sentence)
    {
        await using var server = await ManagementServer.StartAsync();

        var answer = await server.Admin.PostAsync("/key/generate", $$"""{"{{field}}": {{value}}}""");

        answer.Refusal().Should().Be((422, "invalid_request_error", field));
        answer.Message().Should().Contain(sentence);
    }

    [Test]
    public async Task Long_values_and_bodies_are_refused()
    {
        await using var server = await ManagementServer.StartAsync();
        var longText = new string('x', 257);
        var longList = string.Join(',', Enumerable.Repeat("\"a\"", 1001));
        var deep = string.Concat(Enumerable.Repeat("[", 40)) + string.Concat(Enumerable.Repeat("]", 40));

        var text = await server.Admin.PostAsync("/key/generate", $$"""{"key_alias": "{{longText}}"}""");
        var list = await server.Admin.PostAsync("/key/generate", $$"""{"models": [{{longList}}]}""");
        var metadata = await server.Admin.PostAsync("/key/generate", $$"""{"metadata": {"a": "{{new string('x', 70_000)}}"} }""");
        var nested = await server.Admin.PostAsync("/key/generate", $$"""{"metadata": {"a": {{deep}} } }""");
        var whole = await server.Admin.PostAsync("/key/generate", $$"""{"a": "{{new string('x', 1_100_000)}}"}""");

        text.Refusal().Should().Be((422, "invalid_request_error", "key_alias"));
        list.Refusal().Should().Be((422, "invalid_request_error", "models"));
        metadata.Refusal().Should().Be((422, "invalid_request_error", "metadata"));
        nested.Refusal().Should().Be((400, "invalid_request_error", null));
        whole.Refusal().Should().Be((413, "invalid_request_error", null));
    }

    [TestCase("30s", "2026-01-31T10:00:30Z")]
    [TestCase("15m", "2026-01-31T10:15:00Z")]
    [TestCase("30min", "2026-01-31T10:30:00Z")]
    [TestCase("1hr", "2026-01-31T11:00:00Z")]
    [TestCase("24hours", "2026-02-01T10:00:00Z")]
    [TestCase("7d", "2026-02-07T10:00:00Z")]
    [TestCase("2w", "2026-02-14T10:00:00Z")]
    [TestCase("1mo", "2026-02-28T10:00:00Z")]
    [TestCase("12mo", "2027-01-31T10:00:00Z")]
    [TestCase("1month", "2026-02-28T10:00:00Z")]
    [TestCase("1Y", "2027-01-31T10:00:00Z")]
    public void A_duration_ends_when_its_writer_expects(string duration, string end)
    {
        var start = new DateTimeOffset(2026, 1, 31, 10, 0, 0, TimeSpan.Zero);

        Durations.TryAdd(start, duration, out var moment, out _).Should().BeTrue();

        moment.Should().Be(DateTimeOffset.Parse(end));
    }

    [TestCase("30", "Unsupported duration unit")]
    [TestCase("3x", "Unsupported duration unit")]
    [TestCase("abc", "Invalid duration format")]
    [TestCase("-1d", "Invalid duration format")]
    [TestCase("99999999999d", "The duration is too long")]
    [TestCase("999999y", "The duration is too long")]
    public async Task A_duration_that_nobody_understands_is_refused(string duration, string sentence)
    {
        await using var server = await ManagementServer.StartAsync();

        var answer = await server.Admin.PostAsync("/key/generate", $$"""{"duration": "{{duration}}"}""");

        answer.Refusal().Should().Be((400, "invalid_request_error", "duration"));
        answer.Message().Should().StartWith(sentence);
    }
}
