using System.Text.Json;
using System.Text.Json.Nodes;
using FluentAssertions;
using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;
using Proxy.Tests.Databases;

namespace Proxy.Tests.Management;

/// <summary>Whatever updates come one after the other: what is stated applies, null clears, what is absent stays.</summary>
[OnEachEngine]
internal sealed class KeyUpdatePropertyTests
{
    /// <summary>Fields, what they may be set to, and what they are when they are cleared.</summary>
    private static readonly Dictionary<string, (string[] Values, string Cleared)> Plain = new()
    {
        ["user_id"] = (["\"u-1\"", "\"u-2\""], "null"),
        ["team_id"] = (["\"t-1\"", "\"t-2\""], "null"),
        ["models"] = (["[]", "[\"gpt-4o\"]", "[\"a\",\"b\"]"], "[]"),
        ["blocked"] = (["true", "false"], "null"),
        ["max_budget"] = (["0", "7", "2.5"], "null"),
        ["budget_duration"] = (["\"1d\"", "\"30d\""], "null"),
        ["tpm_limit"] = (["0", "1000"], "null"),
        ["rpm_limit"] = (["0", "10"], "null"),
        ["max_parallel_requests"] = (["0", "3"], "null"),
        ["aliases"] = (["{}", """{"gpt-4":"gpt-4o"}"""], "{}"),
        ["permissions"] = (["""{"get_spend_routes":true}"""], "{}"),
        ["allowed_cache_controls"] = (["[]", "[\"no-cache\"]"], "[]"),
        ["key_type"] = (["\"llm_api\"", "\"default\""], "\"default\""),
    };

    private static readonly string[] Limits = ["model_tpm_limit", "model_rpm_limit"];
    private static readonly string[] Maps = ["{}", """{"a":1}""", """{"a":2,"b":3}""", """{"a":null}""", """{"b":null,"c":0}"""];
    private static readonly string[] Lists = ["tags", "guardrails"];

    private static readonly string[] Metadata =
        ["{}", """{"free":1}""", """{"free":2,"tags":["m"]}""", """{"model_rpm_limit":{"a":9,"c":8}}""", """{"guardrails":["g"],"model_tpm_limit":{"b":7}}"""];

    private ManagementServer _server = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _server = await ManagementServer.StartAsync();
        foreach (var team in (string[])["t-1", "t-2"]) await _server.CreateTeamAsync($""" "team_id": "{team}" """);
    }

    [TearDown]
    public async Task StopAsync() => await _server.DisposeAsync();

    [Test]
    public void A_key_is_what_its_updates_make_of_it() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(40).WithEndSize(6),
        Prop.ForAll(Updates().ListOf().ToArbitrary(), updates => HoldsAsync(updates).GetAwaiter().GetResult()));

    /// <summary>Bodies: each field with a value, with null, or left out, which is what most are.</summary>
    private static Gen<Dictionary<string, string>> Updates()
    {
        var choices = Plain.Select(field => (field.Key, field.Value.Values))
            .Concat(Limits.Select(name => (name, Maps)))
            .Concat(Lists.Select(name => (name, (string[])["[]", """["x","y"]"""])))
            .Append(("metadata", Metadata));
        var fields = choices.Select(field => Gen.Frequency(
            (3, Gen.Constant((Name: field.Item1, Value: (string?)null))),
            (1, Gen.Constant((Name: field.Item1, Value: (string?)"null"))),
            (2, Gen.Elements(field.Item2).Select(value => (Name: field.Item1, Value: (string?)value)))));
        var all = fields.Aggregate(Gen.Constant(Enumerable.Empty<(string Name, string? Value)>()), (before, field) => before.SelectMany(stated => field.Select(one => stated.Append(one))));
        return all.Select(stated => stated.Where(field => field.Value is not null).ToDictionary(field => field.Name, field => field.Value!));
    }

    private async Task HoldsAsync(IEnumerable<Dictionary<string, string>> updates)
    {
        var key = await _server.CreateKeyAsync();
        var plain = Plain.ToDictionary(field => field.Key, field => field.Value.Cleared);
        var metadata = new JsonObject();
        await MatchesAsync(key, plain, metadata);
        foreach (var update in updates)
        {
            var fields = string.Concat(update.Select(field => $", \"{field.Key}\": {field.Value}"));
            var (status, body) = await _server.Admin.PostAsync("/key/update", $"{{\"key\": \"{key}\"{fields}}}");
            status.Should().Be(200, "{0} of {1}", body, fields);

            foreach (var (name, value) in update.Where(field => plain.ContainsKey(field.Key))) plain[name] = value == "null" ? Plain[name].Cleared : value;
            metadata = After(metadata, update);
            await MatchesAsync(key, plain, metadata);
        }
    }

    /// <summary>Metadata is replaced; lists in it are set; maps of limits are laid over those that there were before.</summary>
    private static JsonObject After(JsonObject old, Dictionary<string, string> update)
    {
        var metadata = update.TryGetValue("metadata", out var replaced) ? JsonNode.Parse(replaced)?.AsObject() ?? [] : old.DeepClone().AsObject();
        foreach (var (name, value) in update.Where(field => Lists.Contains(field.Key) || Limits.Contains(field.Key)))
        {
            metadata.Remove(name);
            if (value == "null") continue;
            if (Lists.Contains(name)) metadata[name] = JsonNode.Parse(value);
            else metadata[name] = new JsonObject(Entries(old[name]).Concat(Entries(JsonNode.Parse(value))).GroupBy(entry => entry.Key, entry => entry.Value)
                .Select(entries => KeyValuePair.Create(entries.Key, entries.Last()?.DeepClone())).Where(entry => entry.Value is not null));
        }

        return metadata;
    }

    private static IEnumerable<KeyValuePair<string, JsonNode?>> Entries(JsonNode? map) => map?.AsObject().AsEnumerable() ?? [];

    private async Task MatchesAsync(string key, Dictionary<string, string> plain, JsonObject metadata)
    {
        var info = (await _server.Admin.GetJsonAsync($"/key/info?key={key}")).Body.GetProperty("info");

        foreach (var (name, value) in plain) IsSame(info, name, JsonNode.Parse(value));
        IsSame(info, "metadata", metadata);
        foreach (var name in (string[])[.. Limits, .. Lists]) IsSame(info, name, metadata[name]);
        (info.GetProperty("budget_reset_at").ValueKind == JsonValueKind.Null).Should().Be(plain["budget_duration"] == "null");
    }

    private static void IsSame(JsonElement info, string name, JsonNode? expected)
    {
        var shown = info.TryGetProperty(name, out var found) ? JsonNode.Parse(found.GetRawText()) : null;
        JsonNode.DeepEquals(shown, expected).Should().BeTrue("{0} is {1} and should be {2}", name, shown?.ToJsonString(), expected?.ToJsonString());
    }
}
