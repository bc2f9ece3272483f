using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Proxy.Management.ApiDescription;
using Proxy.Tests.ApiDocs;
using Proxy.Tests.Gateway;

namespace Proxy.Tests.Management;

/// <summary>
/// Whoever is no admin of the gateway states every field of every endpoint, of things of their own and of others, with values that would raise what they
/// may do. Whatever the answers were, the database then shows that nothing was raised. A new endpoint or field is in it by its description.
/// </summary>
internal sealed class PrivilegeTests
{
    private const string OwnKey = "sk-own-target-0123456789";

    private static readonly string[] Tables = ["api_key", "team", "team_member", "organization_member", "account", "budget", "model"];

    /// <summary>What an attacker would state; elsewhere the example of the field does.</summary>
    private static readonly Dictionary<string, string[]> Raising = new(StringComparer.Ordinal)
    {
        ["user_role"] = ["\"proxy_admin\"", "\"proxy_admin_viewer\""],
        ["allowed_routes"] = ["[\"*\"]", "[]"],
        ["spend"] = ["0"],
        ["max_budget"] = ["1000000"],
        ["permissions"] = ["{\"get_spend_routes\": true}"],
        ["metadata"] = ["{\"logging\": [{\"callback_name\": \"langfuse\", \"callback_type\": \"success\", \"callback_vars\": {\"langfuse_public_key\": \"p\", \"langfuse_secret_key\": \"s\"}}]}"],
        ["blocked"] = ["false"],
        ["models"] = ["[]", "[\"*\"]"],
        ["member"] = ["{\"role\": \"admin\", \"user_id\": \"me\"}", "{\"role\": \"org_admin\", \"user_id\": \"me\"}"],
        ["members_with_roles"] = ["[{\"role\": \"admin\", \"user_id\": \"me\"}]"],
        ["members:List"] = ["[{\"role\": \"admin\", \"user_id\": \"me\"}]"],
        ["teams"] = ["[{\"team_id\": \"search\", \"user_role\": \"admin\"}]"],
        ["users"] = ["[{\"user_id\": \"me\", \"user_role\": \"proxy_admin\"}]"],
        ["key_type"] = ["\"management\""],
    };

    /// <summary>Of things that the caller has; those of others are what the examples name.</summary>
    private static readonly Dictionary<string, string> Own = new(StringComparer.Ordinal)
    {
        ["key"] = $"\"{OwnKey}\"",
        ["user_id"] = "\"me\"",
        ["user_ids"] = "[\"me\"]",
        ["team_id"] = "\"own\"",
        ["organization_id"] = "\"own-organization\"",
        ["organizations"] = "[\"own-organization\"]",
    };

    [TestCase("proxy_admin_viewer")]
    [TestCase("internal_user_viewer")]
    [TestCase("team")]
    [TestCase("customer")]
    [TestCase("")]
    public async Task Who_may_change_nothing_changes_nothing(string role)
    {
        await using var gateway = await MakeAsync(role);
        var before = await SnapshotAsync(gateway);

        await AttackAsync(gateway);

        (await SnapshotAsync(gateway)).Should().BeEquivalentTo(before);
    }

    [TestCase("nobody")]
    [TestCase("user")]
    public async Task A_user_raises_nothing(string inTeam)
    {
        await using var gateway = await MakeAsync("internal_user", inTeam);
        var before = await SnapshotAsync(gateway);

        await AttackAsync(gateway);

        var after = await SnapshotAsync(gateway);
        after.Except(before).Where(row => !IsOwnAndHarmless(row, before, inTeam == "user")).Select(row => row.ToString()).Should().BeEmpty();
        before.Except(after).Where(row => row.Table != "api_key" || row["user_id"] != "me").Select(row => row.ToString()).Should().BeEmpty();
    }

    [Test]
    public async Task A_team_admin_raises_nothing_but_what_a_team_lets_its_admins_do()
    {
        await using var gateway = await MakeAsync("internal_user", "admin");
        var before = await SnapshotAsync(gateway);

        await AttackAsync(gateway);

        var after = await SnapshotAsync(gateway);
        after.Except(before).Where(row => !IsOwnAndHarmless(row, before, isInTeam: true) && !IsOfTeam(row, before)).Select(row => row.ToString()).Should().BeEmpty();
        before.Except(after).Where(row => !IsOwn(row) && !IsOfTeam(row, before)).Select(row => row.ToString()).Should().BeEmpty();
        after.Any(row => row.Table == "team_member" && row["team_id"] == "own" && row["user_id"] == "me" && row["role"] == "admin").Should().BeTrue("all of it was said by an admin of the team");
    }

    [Test]
    public async Task An_organisations_admin_raises_nothing_outside_of_it()
    {
        await using var gateway = await MakeAsync("internal_user", "nobody", "own-organization");
        var before = await SnapshotAsync(gateway);

        await AttackAsync(gateway);

        var after = await SnapshotAsync(gateway);
        after.Except(before).Where(row => !IsOwnAndHarmless(row, before, isInTeam: true) && !IsOfOrganization(row, before)).Select(row => row.ToString()).Should().BeEmpty();
        before.Except(after).Where(row => !IsOwn(row) && !IsOfOrganization(row, before)).Select(row => row.ToString()).Should().BeEmpty();
        after.Any(row => row.Table == "organization_member" && row["organization_id"] == "own-organization" && row["user_id"] == "me" && row["role"] == "org_admin").Should().BeTrue("all of it was said by an admin of the organisation");
    }

    private static bool IsOwn(Row row) => row.Table == "api_key" && row["user_id"] == "me";

    /// <summary>Members with what they may use, models, permissions and where the team logs: not what the whole team may spend, or whose it is.</summary>
    private static bool IsOfTeam(Row row, HashSet<Row> before) => row.Table switch
    {
        "api_key" => row["team_id"] == "own" && row["spend"] == "0" && row["organization_id"] == "" && row["callbacks"] == "",
        "team" => row["team_id"] == "own" && before.Single(old => old.Table == "team" && old["team_id"] == "own").Differs(row, "models", "details", "callbacks", "is_logging_disabled", "updated_at", "updated_by"),
        "team_member" => row["team_id"] == "own",
        "account" => row["kind"] == "team_member" && row["id"].StartsWith("own\u001f", StringComparison.Ordinal) && row["spend"] == "0",
        _ => false,
    };

    private static bool IsOfOrganization(Row row, HashSet<Row> before) => row.Table switch
    {
        "api_key" => row["organization_id"] is "" or "own-organization" && row["team_id"] == "own" && row["spend"] == "0",
        "team" => row["organization_id"] == "own-organization" && row["spend"] == "0",
        "team_member" => row["team_id"] is not "search",
        "organization_member" => row["organization_id"] == "own-organization",
        "account" when row["kind"] == "user" => before.SingleOrDefault(old => old.Table == "account" && old["kind"] == "user" && old["id"] == row["id"]) is { } old
            && old.Differs(row, "details", "updated_at", "updated_by") && RoleOf(old) == RoleOf(row),
        "account" => row["kind"] is "organization_member" or "team_member" && !row["id"].StartsWith("search\u001f", StringComparison.Ordinal) && !row["id"].StartsWith("research\u001f", StringComparison.Ordinal),
        _ => false,
    };

    private static string? RoleOf(Row row) => JsonNode.Parse(row["details"])!["user_role"]?.GetValue<string>();

    private static bool IsOwnAndHarmless(Row row, HashSet<Row> before, bool isInTeam)
    {
        if (row.Table == "account") return row["kind"] == "model_per_key";
        if (row.Table == "budget") return row["created_by"] == "me" && row["max_budget"] == "";
        if (row.Table != "api_key" || row["user_id"] != "me" || row["spend"] != "0") return false;
        if (row["organization_id"] != "" || row["budget_id"] != "" && row["owns_budget"] != "1" || row["callbacks"] != "" || row["is_blocked"] is not ("" or "0")) return false;
        if (row["team_id"] != "" && !(isInTeam && row["team_id"] == "own")) return false;
        if (JsonNode.Parse(row["details"])!["permissions"] is JsonObject { Count: > 0 }) return false;

        // What an admin gave is as it was, but for its alias and its secret.
        return row["created_by"] == "me" || before.Any(old => old.Table == "api_key" && old["key_hash"] == row["key_hash"]
            && old.Differs(row, "key_alias", "key_name", "secret_hash", "updated_at", "updated_by"));
    }

    /// <summary>Things of others, by the names of the examples, and some of the caller's own.</summary>
    private static async Task<TestGateway> MakeAsync(string role, string inTeam = "nobody", string? organization = null)
    {
        var gateway = await TestGateway.StartAsync();
        Task PostAsync(string path, string body) => gateway.PostAsync(path, JsonNode.Parse(body)!.AsObject());
        await PostAsync("/budget/new", """{"budget_id": "monthly-20"}""");
        await PostAsync("/organization/new", """{"organization_id": "research"}""");
        await PostAsync("/organization/new", """{"organization_id": "own-organization"}""");
        await PostAsync("/user/new", """{"user_id": "u-1", "auto_create_key": false}""");
        await PostAsync("/team/new", """{"team_id": "search", "members_with_roles": [{"role": "admin", "user_id": "u-1"}]}""");
        await PostAsync("/tag/new", """{"name": "production"}""");
        await PostAsync("/key/generate", """{"key": "sk-example-0123456789", "user_id": "u-1", "spend": 7, "max_budget": 9}""");
        await PostAsync("/model/new", """{"model_name": "gpt-4o", "litellm_params": {"model": "openai/gpt-4o", "api_key": "sk-of-the-provider"}, "model_info": {"id": "gpt-4o-eu"}}""");
        var members = inTeam == "nobody" ? "[]" : $$"""[{"role": "{{inTeam}}", "user_id": "me"}]""";
        if (role.Length > 0) await PostAsync("/user/new", $$"""{"user_id": "me", "user_role": "{{role}}", "auto_create_key": false, "max_budget": 3}""");
        await PostAsync("/team/new", $$"""{"team_id": "own", "max_budget": 4, "members_with_roles": {{members}}{{(organization is null ? "" : $", \"organization_id\": \"{organization}\"")}} }""");
        if (organization is not null) await PostAsync("/organization/member_add", $$"""{"organization_id": "{{organization}}", "member": {"role": "org_admin", "user_id": "me"} }""");
        var owner = role.Length > 0 ? "\"me\"" : "null";
        await PostAsync("/key/generate", $$"""{"key": "{{OwnKey}}", "user_id": {{owner}}, "spend": 0, "max_budget": 2, "models": ["gpt-4o"]}""");
        await PostAsync("/key/generate", $$"""{"key": "sk-of-the-attacker-0123456789", "user_id": {{owner}}}""");
        return gateway;
    }

    private static async Task AttackAsync(TestGateway gateway)
    {
        using var client = gateway.With("sk-of-the-attacker-0123456789");
        var sent = 0;
        foreach (var description in gateway.Services.GetRequiredService<EndpointDescriptions>().All.Where(description => description.Method != "GET" && !description.IsOpen))
        {
            foreach (var path in PathsOf(description.Path))
            {
                foreach (var body in BodiesOf(description).Distinct())
                {
                    using var request = new HttpRequestMessage(new HttpMethod(description.Method), new Uri(path, UriKind.Relative)) { Content = new StringContent(body, new MediaTypeHeaderValue("application/json")) };
                    using var answer = await client.SendAsync(request);
                    ((int)answer.StatusCode).Should().BeLessThan(500, "{0} {1} got {2}", description.Method, path, body);
                    sent++;

                    // Who has no business at an endpoint has none with any field.
                    if ((await answer.Content.ReadAsStringAsync()).Contains("not allowed to access this route", StringComparison.Ordinal)) break;
                }
            }
        }

        sent.Should().BeGreaterThan(60);
        using var alive = await client.GetAsync(new Uri("/key/info", UriKind.Relative));
        alive.IsSuccessStatusCode.Should().BeTrue("all of it was said with a key that is good");
    }

    private static IEnumerable<string> PathsOf(string path)
    {
        yield return path.Replace("{team_id}", "search", StringComparison.Ordinal).Replace("{id}", "gpt-4o-eu", StringComparison.Ordinal).Replace("{key}", "sk-example-0123456789", StringComparison.Ordinal);
        if (path.Contains("{team_id}") || path.Contains("{key}")) yield return path.Replace("{team_id}", "own", StringComparison.Ordinal).Replace("{key}", OwnKey, StringComparison.Ordinal);
    }

    private static IEnumerable<string> BodiesOf(EndpointDescription description)
    {
        // For the caller's own things first: the field under attack alone is somebody else's then.
        // Nobody takes their own office away before the end.
        foreach (var isOwn in description.Path.EndsWith("/member_delete", StringComparison.Ordinal) ? (bool[])[false] : [true, false])
        {
            foreach (var field in description.Fields)
            {
                string[] values = field.Name == "role" ? [description.Path.StartsWith("/organization", StringComparison.Ordinal) ? "\"org_admin\"" : "\"admin\""]
                    : Raising.GetValueOrDefault($"{field.Name}:{field.Shape}") ?? Raising.GetValueOrDefault(field.Name) ?? [FieldWords.Of(field)!.Value.Example];
                foreach (var value in values)
                {
                    var stated = new Dictionary<string, string>(StringComparer.Ordinal);
                    if (isOwn)
                    {
                        foreach (var other in description.Fields.Where(other => Own.ContainsKey(other.Name) && (description.Required.Contains(other.Name) || other.Name is "key" or "team_id" or "user_id")))
                            stated[other.Name] = Own[other.Name];
                    }

                    stated[field.Name] = value;
                    yield return BadValues.Body(description, stated.Select(pair => (pair.Key, pair.Value)));
                }
            }

            yield return BadValues.Body(description, []);
        }
    }

    private static async Task<HashSet<Row>> SnapshotAsync(TestGateway gateway)
    {
        var rows = new HashSet<Row>();
        await using var connection = await gateway.Folder.OpenAsync();
        foreach (var table in Tables)
        {
            await using var command = connection.CreateCommand();
            command.CommandText = $"select * from {table}";
            await using var reader = await command.ExecuteReaderAsync();
            while (await reader.ReadAsync())
            {
                var columns = Enumerable.Range(0, reader.FieldCount).ToDictionary(reader.GetName, index => reader.GetValue(index) is byte[] bytes ? Convert.ToHexString(bytes) : reader.GetValue(index).ToString() ?? "");
                rows.Add(new Row(table, columns));
            }
        }

        return rows;
    }

    private sealed record Row(string Table, IReadOnlyDictionary<string, string> Columns)
    {
        public string this[string column] => Columns[column];

        /// <summary>Whether the other is the same but for these columns.</summary>
        public bool Differs(Row other, params string[] columns) => Columns.All(column => columns.Contains(column.Key) || column.Value == other[column.Key]);

        public bool Equals(Row? other) => other is not null && ToString() == other.ToString();

        public override int GetHashCode() => ToString().GetHashCode(StringComparison.Ordinal);

        public override string ToString() => $"{Table}: {string.Join(", ", Columns.Select(column => $"{column.Key}={column.Value}"))}";
    }
}
