using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using FluentAssertions;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Proxy.Management.ApiDescription;
using Proxy.Management.Bodies;
using Proxy.Tests.Databases;
using Proxy.Tests.Gateway;

namespace Proxy.Tests.ApiDocs;

/// <summary>Every endpoint × every described field × every value that it must not take. A field that is new is in it by its description.</summary>
[OnEachEngine]
internal sealed class BadInputTests
{
    private const string Unknown = "unknown-7c1f";

    /// <summary>Fields that may only be stated with each other.</summary>
    private static readonly string[][] Together = [["temp_budget_increase", "temp_budget_expiry"]];

    private static readonly string[] Tables = ["api_key", "team", "team_member", "organization_member", "account", "budget", "model"];

    private TestGateway _gateway = null!;
    private List<EndpointDescription> _described = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _gateway = await TestGateway.StartAsync();
        _described = [.. _gateway.Services.GetRequiredService<EndpointDescriptions>().All.Where(description => !description.IsOpen && description.Fields.Any())];
        await MakeWhatExamplesNameAsync();
    }

    [TearDown]
    public async Task StopAsync() => await _gateway.DisposeAsync();

    [Test]
    public async Task Every_field_takes_its_example()
    {
        var refused = new List<string>();
        foreach (var description in _described)
        {
            foreach (var field in description.Fields)
            {
                var (status, answer) = await SendAsync(description, BadValues.Body(description, [(field.Name, FieldWords.Of(field)!.Value.Example), .. Together.Where(pair => pair.Contains(field.Name)).SelectMany(pair => pair).Where(name => name != field.Name).Select(Example)]));
                if (status >= 500 || (status == 422 && Names(answer, field.Name))) refused.Add($"{description.Path} {field.Name}: {status} {answer}");
            }
        }

        refused.Should().BeEmpty();
    }

    [Test]
    public async Task What_a_field_must_not_be_is_refused_by_its_name_and_changes_nothing()
    {
        var before = await SnapshotAsync();
        var taken = new List<string>();
        foreach (var description in _described)
        {
            var fields = description.Fields.Select(field => (field.Name, Values: BadValues.Of(field.Shape))).ToList();
            for (var i = 0; i < fields.Max(field => field.Values.Length); i++)
            {
                // One answer names every fault of a body; where one fault hides another, the field is tried alone.
                var bad = fields.Where(field => i < field.Values.Length).Select(field => (field.Name, Json: field.Values[i])).ToList();
                var (_, all) = await SendAsync(description, BadValues.Body(description, bad));
                foreach (var value in bad.Where(value => !Names(all, value.Name)))
                {
                    var (status, answer) = await SendAsync(description, BadValues.Body(description, [value]));
                    if (status is < 400 or >= 500 || !Names(answer, value.Name)) taken.Add($"{description.Path} {value.Name} = {Shorten(value.Json)}: {status} {Shorten(answer)}");
                }
            }
        }

        taken.Should().BeEmpty();
        (await SnapshotAsync()).Should().Equal(before);
    }

    [Test]
    public async Task A_body_without_what_it_must_have_is_refused_by_the_name_of_that()
    {
        var before = await SnapshotAsync();
        foreach (var description in _described.Where(description => description.Required.Count > 0))
        {
            var (status, answer) = await SendAsync(description, "{}");
            status.Should().BeInRange(400, 499, description.Path);
            description.Required.Any(name => Names(answer, name)).Should().BeTrue("{0} said {1}", description.Path, answer);
        }

        (await SnapshotAsync()).Should().Equal(before);
    }

    [Test]
    public async Task What_is_no_body_is_refused_and_changes_nothing()
    {
        var before = await SnapshotAsync();
        var nested = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("{\"a\":", 2_000_000)));
        foreach (var description in _described)
        {
            var name = description.Fields.First().Name;
            foreach (var body in (string[])["{", "[]", "5", "{} {}", $$"""{"{{name}}": NaN}""", $$"""{"{{name}}": 1, "{{name}}": 2}""", """{"metadata": {"a": 1, "a": 2}}""", $$"""{"{{name}}": "\ud800"}""", "{\"a\":" + new string('[', 100) + new string(']', 100) + "}"])
            {
                var (status, answer) = await SendAsync(description, body);
                status.Should().BeInRange(400, 499, "{0} took {1} and said {2}", description.Path, Shorten(body), answer);
            }

            (await SendAsync(description, nested)).Status.Should().BeOneOf([400, 413], description.Path);
        }

        (await SnapshotAsync()).Should().Equal(before);
    }

    [Test]
    public async Task Words_of_SQL_and_patterns_are_texts_like_others()
    {
        foreach (var path in (string[])["/key/info?key=", "/team/info?team_id=", "/user/info?user_id=", "/customer/info?end_user_id=", "/tag/info?name=", "/organization/info?organization_id="])
        {
            foreach (var word in (string[])["%25", "_", "u-_", "%27%20or%201%3D1%20--"])
            {
                using var answer = await _gateway.Admin.GetAsync(new Uri(path + word, UriKind.Relative));
                ((int)answer.StatusCode).Should().BeInRange(400, 499, path + word);
            }
        }

        string[] words = ["' or 1=1 --", "'; drop table api_key; --", "%", "_%", "\\", "\"", "${jndi:x}", "$1", "\u202e", "😀"];
        foreach (var description in _described)
        {
            foreach (var word in words)
            {
                var texts = description.Fields.Where(field => field.Shape == DetailShape.Text).Select(field => (field.Name, BadValues.Quote(word)));
                var (status, answer) = await SendAsync(description, BadValues.Body(description, texts));
                status.Should().BeLessThan(500, "{0} said {1}", description.Path, answer);
            }
        }

        foreach (var table in Tables) (await _gateway.QueryAsync<long>($"select count(*) from {table}")).Should().ContainSingle();
    }

    [Test]
    public async Task What_is_unknown_is_said_to_be_and_is_not_made()
    {
        var before = await SnapshotAsync();
        foreach (var description in _described.Where(description => description.Required.Count > 0 && !description.Path.EndsWith("/new", StringComparison.Ordinal)))
        {
            var ids = description.Required.Where(name => name is "key" or "id" or "name" || name.EndsWith("_id", StringComparison.Ordinal)).Select(name => (name, BadValues.Quote(name == "key" ? "sk-" + Unknown : Unknown))).ToList();
            if (ids.Count == 0) continue;

            var (status, answer) = await SendAsync(description, BadValues.Body(description, ids));
            status.Should().BeInRange(400, 499, "{0} said {1}", description.Path, answer);
        }

        (await SnapshotAsync()).Should().Equal(before);
    }

    [Test]
    public async Task No_parameter_of_a_query_or_a_path_breaks_the_program()
    {
        var broken = new List<string>();
        foreach (var (method, description, endpoint) in Routed().Where(route => route.Method == "GET"))
        {
            var path = description.Path.Split('{')[0];
            var names = QueryParameters.Of(description, endpoint).Select(field => field.Name).ToList();
            var addresses = names.SelectMany(name => Bad().Select(value => $"{path}?{name}={value}")).Concat(description.Path.Contains('{') ? Bad().Select(value => path + value) : []);
            foreach (var address in addresses)
            {
                using var answer = await _gateway.Admin.GetAsync(new Uri(address, UriKind.Relative));
                if ((int)answer.StatusCode >= 500) broken.Add($"{Shorten(address)}: {(int)answer.StatusCode}");
                if (names.FirstOrDefault(name => address.EndsWith($"?{name}=a%00b", StringComparison.Ordinal)) is { } asked && ((int)answer.StatusCode != 400 || !Names(await answer.Content.ReadAsStringAsync(), asked)))
                    broken.Add($"{address}: {(int)answer.StatusCode}, which does not name what holds a NUL");
            }
        }

        broken.Should().BeEmpty();
        foreach (var table in Tables) (await _gateway.QueryAsync<long>($"select count(*) from {table}")).Should().ContainSingle();

        static string[] Bad() => ["%00", "a%00b", "%27", "%25", new string('x', 3000), "-1", "99999999999999999999", "NaN", "_-1", "%27%20or%201%3D1%20--", "x%27%3B%20drop%20table%20team%3B%20--", "%22%5C", "%0a", "%f0%9f%98%80", "%ff", "%ed%a0%80", ""];
    }

    private static (string Name, string Json) Example(string field) => (field, FieldWords.Find(field)!.Value.Example);

    private static bool Names(string answer, string field) => answer.Contains($"'{field}'", StringComparison.Ordinal) || answer.Contains($"\"param\":\"{field}\"", StringComparison.Ordinal);

    private static string Shorten(string text) => text.Length > 200 ? text[..200] + "…" : text;

    private IEnumerable<(string Method, EndpointDescription Description, RouteEndpoint Endpoint)> Routed()
    {
        var descriptions = _gateway.Services.GetRequiredService<EndpointDescriptions>();
        foreach (var endpoint in _gateway.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>())
        {
            foreach (var method in endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? [])
            {
                if (descriptions.Find(method, endpoint.RoutePattern.RawText) is { } description && description.Path != "/key/health") yield return (method, description, endpoint);
            }
        }
    }

    private Task<(int Status, string Answer)> SendAsync(EndpointDescription description, string body) => SendAsync(description, Encoding.UTF8.GetBytes(body));

    private async Task<(int Status, string Answer)> SendAsync(EndpointDescription description, byte[] body)
    {
        var path = description.Path.Replace("{team_id}", "search", StringComparison.Ordinal).Replace("{id}", "gpt-4o-eu", StringComparison.Ordinal).Replace("{key}", "sk-example-0123456789", StringComparison.Ordinal);
        using var request = new HttpRequestMessage(new HttpMethod(description.Method), new Uri(path, UriKind.Relative)) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.ExpectContinue = body.Length > 100_000;
        using var response = await _gateway.Admin.SendAsync(request);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    private async Task MakeWhatExamplesNameAsync()
    {
        await MakeAsync("/budget/new", "budget_id", "monthly-20");
        await MakeAsync("/organization/new", "organization_id", "research");
        await MakeAsync("/team/new", "team_id", "search");
        await MakeAsync("/user/new", "user_id", "u-1");
        await MakeAsync("/tag/new", "name", "production");
        await MakeAsync("/key/generate", "key", "sk-example-0123456789");
        await _gateway.PostAsync("/model/new", JsonNode.Parse("""{"model_name": "gpt-4o", "litellm_params": {"model": "openai/gpt-4o", "api_key": "sk-of-the-provider"}, "model_info": {"id": "gpt-4o-eu"}}""")!.AsObject());
    }

    private Task<JsonObject> MakeAsync(string path, string field, string id) => _gateway.PostAsync(path, new JsonObject { [field] = id });

    private async Task<List<string>> SnapshotAsync()
    {
        var rows = new List<string>();
        await using var connection = await _gateway.Folder.OpenAsync();
        foreach (var table in Tables)
        {
            await using var command = connection.CreateCommand();
            command.CommandText = $"select * from {table}";
            await using var reader = await command.ExecuteReaderAsync();
            while (await reader.ReadAsync())
            {
                var values = new object[reader.FieldCount];
                reader.GetValues(values);
                rows.Add(table + ":" + JsonSerializer.Serialize(values.Select(value => value is byte[] bytes ? Convert.ToHexString(bytes) : value.ToString())));
            }
        }

        return [.. rows.Order(StringComparer.Ordinal)];
    }
}
