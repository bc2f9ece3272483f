using System.Text.Json.Nodes;
using FluentAssertions;
using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;
using Proxy.Tests.Databases;

namespace Proxy.Tests.Management;

/// <summary>The rule of updates: what is stated applies, null clears, what is absent stays, and maps of limits are merged. Held against a model over random updates.</summary>
[OnEachEngine]
internal sealed class KeyUpdatePropertyTests
{
    private const string Absent = "absent";

    /// <summary>What each field may be stated as.</summary>
    private static readonly Dictionary<string, string[]> Values = new(StringComparer.Ordinal)
    {
        ["max_budget"] = ["0", "7.5"],
        ["tpm_limit"] = ["0", "5000"],
        ["rpm_limit"] = ["9"],
        ["max_parallel_requests"] = ["3"],
        ["models"] = ["[]", """["a","b"]"""],
        ["user_id"] = ["\"u-1\"", "\"u-2\""],
        ["blocked"] = ["true", "false"],
        ["tags"] = ["[]", """["red"]"""],
        ["guardrails"] = ["""["pii"]"""],
        ["allowed_routes"] = ["[]", """["/key/info"]"""],
        ["aliases"] = ["{}", """{"x":"a"}"""],
        ["model_rpm_limit"] = ["{}", """{"a":1}""", """{"b":2,"a":null}"""],
        ["model_tpm_limit"] = ["""{"a":10}""", """{"a":null}"""],
        ["metadata"] = ["{}", """{"own":1}""", """{"own":2,"model_rpm_limit":{"c":3}}""", """{"tags":["blue"]}"""],
    };

    /// <summary>What a field is once it is cleared, where that is not null.</summary>
    private static readonly Dictionary<string, string> Cleared = new(StringComparer.Ordinal) { ["models"] = "[]", ["metadata"] = "{}", ["aliases"] = "{}", ["allowed_routes"] = "[]" };

    private static readonly string[] InMetadata = ["model_rpm_limit", "model_tpm_limit", "guardrails", "tags"];

    [Test]
    public async Task Random_updates_do_what_the_rule_says()
    {
        await using var server = await ManagementServer.StartAsync();
        var update = Gen.ArrayOf(Gen.Choose(0, 1000), Values.Count).Select(numbers => Values.Zip(numbers, (field, number) => (field.Key, Json: number % 3 == 0 ? Absent : number % 3 == 1 ? "null" : field.Value[number % field.Value.Length])).ToList());
        var updates = Gen.ListOf(update, 6).ToArbitrary();

        Prop.ForAll(updates, run => FollowsAsync(server, run).GetAwaiter().GetResult()).Check(Config.QuickThrowOnFailure.WithMaxTest(15));
    }

    private static async Task FollowsAsync(ManagementServer server, IEnumerable<List<(string Field, string Json)>> updates)
    {
        var key = await server.CreateKeyAsync();
        var model = await ShowAsync(server, key);
        foreach (var stated in updates)
        {
            var body = stated.Where(field => field.Json != Absent).Append(("key", $"\"{key}\"")).Select(field => $"\"{field.Item1}\": {field.Item2}");
            var (status, answer) = await server.Admin.PostAsync("/key/update", $"{{{string.Join(", ", body)}}}");
            status.Should().Be(200, answer.ToString());

            Apply(model, stated.Where(field => field.Json != Absent).ToDictionary(field => field.Field, field => JsonNode.Parse(field.Json)));
            var shown = await ShowAsync(server, key);
            foreach (var field in Values.Keys)
                JsonNode.DeepEquals(shown[field], model[field]).Should().BeTrue("{0} is {1} and not {2} after {3}", field, shown[field]?.ToJsonString(), model[field]?.ToJsonString(), string.Join(", ", stated));
        }
    }

    private static void Apply(JsonObject model, Dictionary<string, JsonNode?> stated)
    {
        var old = model["metadata"]!.DeepClone().AsObject();
        var metadata = !stated.TryGetValue("metadata", out var own) ? old.DeepClone().AsObject() : own?.DeepClone().AsObject() ?? [];
        foreach (var (field, value) in stated)
        {
            if (field == "metadata") continue;

            if (!InMetadata.Contains(field)) model[field] = value?.DeepClone() ?? (Cleared.TryGetValue(field, out var cleared) ? JsonNode.Parse(cleared) : null);
            else if (value is null) metadata.Remove(field);
            else if (value is JsonObject limits) metadata[field] = Merge(old[field] as JsonObject, limits);
            else metadata[field] = value.DeepClone();
        }

        model["metadata"] = metadata;
        foreach (var field in InMetadata) model[field] = metadata[field]?.DeepClone();
    }

    private static JsonObject Merge(JsonObject? old, JsonObject limits)
    {
        var merged = old?.DeepClone().AsObject() ?? [];
        foreach (var (name, limit) in limits)
        {
            if (limit is null) merged.Remove(name);
            else merged[name] = limit.DeepClone();
        }

        return merged;
    }

    private static async Task<JsonObject> ShowAsync(ManagementServer server, string key)
    {
        var (status, body) = await server.Admin.GetJsonAsync($"/key/info?key={key}");
        status.Should().Be(200);
        return JsonObject.Create(body.GetProperty("info").Clone())!;
    }
}
