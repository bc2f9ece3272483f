using System.Text.Json;
using System.Text.RegularExpressions;
using FluentAssertions;
using Microsoft.OpenApi;
using NUnit.Framework;
using Proxy.Tests.Gateway;
using Proxy.Tests.Management;

namespace Proxy.Tests.ApiDocs;

/// <summary>The API's document, and the page that shows it.</summary>
internal sealed partial class ApiDocumentTests
{
    private TestGateway _gateway = null!;

    [SetUp]
    public async Task StartAsync() => _gateway = await TestGateway.StartAsync();

    [TearDown]
    public async Task StopAsync() => await _gateway.DisposeAsync();

    [Test]
    public async Task The_document_is_OpenAPI_3_1_without_a_fault_and_anybody_may_read_it()
    {
        using var anybody = _gateway.With(key: null);

        var json = await anybody.GetStringAsync("/openapi.json");

        var (document, diagnostic) = OpenApiDocument.Parse(json, OpenApiConstants.Json);
        diagnostic!.Errors.Should().BeEmpty();
        diagnostic.SpecificationVersion.Should().Be(OpenApiSpecVersion.OpenApi3_1);
        document!.Paths.Count.Should().BeGreaterThan(80);
        document.Paths.Values.SelectMany(path => path.Operations!.Values).Select(operation => operation.OperationId).Should().OnlyHaveUniqueItems();
    }

    [Test]
    public async Task Every_path_that_is_routed_is_in_it_and_no_other()
    {
        var (_, routes) = await _gateway.Admin.GetJsonAsync("/routes");
        var (_, document) = await _gateway.Admin.GetJsonAsync("/openapi.json");
        var described = document.GetProperty("paths").EnumerateObject().Select(path => path.Name).ToList();

        // Calls are routed by what the operator writes into proxy.json: here everything below /v1, /openai/deployments and so on.
        var routed = routes.GetProperty("routes").EnumerateArray().Where(route => route.GetProperty("methods").GetArrayLength() > 0)
            .Select(route => Stars().Replace(route.GetProperty("path").GetString()!, "{"))
            .Select(path => Endings().Replace(path, match => "{team_id}" + match.Groups["end"].Value + (match.Groups["last"].Success ? "{callback_name}" : "")))
            .ToList();

        routed.Should().BeSubsetOf(described);
        described.Except(routed).Should().OnlyContain(path => Host.Providers.ApiOperation.All.Any(operation => path == operation.Path || path == "/v1" + operation.Path)
            || Host.Providers.ApiOperation.Resources.Any(operation => (path + "/").StartsWith(operation.Path + "/", StringComparison.Ordinal) || (path + "/").StartsWith("/v1" + operation.Path + "/", StringComparison.Ordinal)));
    }

    [Test]
    public async Task Every_call_about_kept_things_that_it_has_is_one_that_the_gateway_takes()
    {
        var calls = Host.ApiDocs.ResourceDescriptions.All.ToList();
        calls.Should().HaveCountGreaterThan(80);
        foreach (var call in calls)
        {
            using var request = new HttpRequestMessage(new HttpMethod(call.Method), new Uri(call.Path.Replace("{id}", "x_1").Replace("{run_id}", "run_1"), UriKind.Relative));
            using var answer = await _gateway.Admin.SendAsync(request);

            var text = await answer.Content.ReadAsStringAsync();
            ((int)answer.StatusCode).Should().NotBe(405, "{0} {1} gave {2}", call.Method, call.Path, text);
            text.Should().NotContain("There is nothing at", "{0} {1}", call.Method, call.Path);
        }
    }

    [Test]
    public async Task Every_operation_has_an_example_of_its_body_and_of_its_answer()
    {
        var (_, document) = await _gateway.Admin.GetJsonAsync("/openapi.json");

        foreach (var path in document.GetProperty("paths").EnumerateObject())
        {
            foreach (var operation in path.Value.EnumerateObject())
            {
                operation.Value.GetProperty("summary").GetString().Should().EndWith(".");
                operation.Value.GetProperty("responses").TryGetProperty("200", out _).Should().BeTrue(path.Name);
                if (operation.Value.TryGetProperty("requestBody", out var body))
                    body.GetProperty("content").GetProperty("application/json").GetProperty("example").EnumerateObject().Should().NotBeEmpty(path.Name);
            }
        }
    }

    [Test]
    public async Task What_the_document_says_of_an_answer_is_what_is_answered()
    {
        var (_, document) = await _gateway.Admin.GetJsonAsync("/openapi.json");
        var (_, answer) = await _gateway.Admin.PostAsync("/key/generate", "{}");

        var operation = document.GetProperty("paths").GetProperty("/key/generate").GetProperty("post");
        var shown = Properties(operation.GetProperty("responses").GetProperty("200"));
        var taken = Properties(operation.GetProperty("requestBody"));
        answer.EnumerateObject().Select(property => property.Name).Should().BeSubsetOf(shown.Union(taken)).And.Contain(shown);
    }

    private static List<string> Properties(JsonElement message) =>
        [.. message.GetProperty("content").GetProperty("application/json").GetProperty("schema").GetProperty("properties").EnumerateObject().Select(property => property.Name)];

    [Test]
    public async Task The_page_is_made_of_what_the_gateway_serves_itself_and_a_browser_is_told_so()
    {
        using var anybody = _gateway.With(key: null);
        using var page = await anybody.GetAsync(new Uri("/docs", UriKind.Relative));
        var html = await page.Content.ReadAsStringAsync();

        page.Content.Headers.ContentType!.MediaType.Should().Be("text/html");
        page.Headers.GetValues("Content-Security-Policy").Single().Should().Contain("default-src 'none'").And.Contain("script-src 'self';").And.Contain("frame-ancestors 'none'");
        html.Should().NotContain("http").And.NotContain("<script>").And.NotContain("onload=");
        var parts = Sources().Matches(html).Select(match => match.Groups["path"].Value).ToList();
        parts.Should().HaveCount(4);
        foreach (var part in parts)
        {
            using var response = await anybody.GetAsync(new Uri(part, UriKind.Relative));
            ((int)response.StatusCode, response.Headers.GetValues("X-Content-Type-Options").Single()).Should().Be((200, "nosniff"), part);
            (await response.Content.ReadAsByteArrayAsync()).Should().NotBeEmpty();
        }

        using var unknown = await anybody.GetAsync(new Uri("/docs/../proxy.json", UriKind.Relative));
        using var missing = await anybody.GetAsync(new Uri("/docs/index.html", UriKind.Relative));
        ((int)unknown.StatusCode, (int)missing.StatusCode).Should().Be((404, 404));
    }

    [GeneratedRegex(@"\{\*{1,2}", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Stars();

    [GeneratedRegex(@"\{path:regex\(\^\.\+(?<end>[a-z_/]+)(?<last>\[\^/\]\+)?\$\)\}", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Endings();

    [GeneratedRegex("(?:src|href)=\"(?<path>[^\"]+)\"", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Sources();
}
