using System.Net;
using FluentAssertions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Proxy.Management.Access;
using Proxy.Management.Keys;
using Proxy.Tests.Databases;

namespace Proxy.Tests.Management;

/// <summary>What this class of software has been broken by, each as a test.</summary>
[OnEachEngine]
internal sealed class ManagementAttackTests
{
    [TestCase("sk-' or '1'='1")]
    [TestCase("sk-x'; drop table api_key; --")]
    [TestCase("sk-%")]
    [TestCase("sk-____________________")]
    [TestCase("' union select * from api_key --")]
    public async Task Sql_in_the_authorization_header_is_only_a_wrong_key(string value)
    {
        await using var server = await ManagementServer.StartAsync();
        var key = await server.CreateKeyAsync();
        using var attacker = server.Anonymous();
        attacker.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", "Bearer " + value);

        var answer = await attacker.GetJsonAsync("/key/info");

        answer.Status.Should().Be(401);
        answer.Message().Should().NotContain(value);
        (await server.Admin.GetJsonAsync($"/key/info?key={key}")).Status.Should().Be(200);
    }

    [TestCase("sk-'or'1'='1")]
    [TestCase("sk-%")]
    [TestCase("sk-________")]
    public async Task Sql_in_a_field_touches_no_other_row(string value)
    {
        await using var server = await ManagementServer.StartAsync();
        using var client = server.With(await server.CreateKeyAsync(""" "key_alias": "victim" """));

        var blocked = await server.Admin.PostAsync("/key/block", $$"""{"key": "{{value}}"}""");
        var deleted = await server.Admin.PostAsync("/key/delete", $$"""{"keys": ["{{value}}"]}""");
        var byAlias = await server.Admin.PostAsync("/key/delete", """{"key_aliases": ["%", "vict_m"]}""");

        (blocked.Status, deleted.Status, byAlias.Status).Should().Be((401, 404, 404));
        (await client.GetJsonAsync("/key/info")).Status.Should().Be(200);
    }

    [Test]
    public async Task Sql_in_a_stored_field_comes_back_as_text()
    {
        await using var server = await ManagementServer.StartAsync();
        const string Text = "x'); delete from api_key; --";

        var key = await server.CreateKeyAsync($""" "key_alias": "{Text}", "user_id": "{Text}" """);

        (await server.Admin.GetJsonAsync($"/key/info?key={key}")).Body.GetProperty("info").GetProperty("key_alias").GetString().Should().Be(Text);
    }

    [Test]
    public async Task Keys_with_an_equal_beginning_are_different_callers()
    {
        await using var server = await ManagementServer.StartAsync();
        const string Beginning = "sk-the-same-first-thirty-characters-";
        foreach (var end in (string[])["a", "b"]) await server.CreateKeyAsync($""" "key": "{Beginning}{end}", "key_alias": "{end}" """);

        foreach (var end in (string[])["a", "b", "a"])
        {
            using var client = server.With(Beginning + end);
            (await client.GetJsonAsync("/key/info")).Body.GetProperty("info").GetProperty("key_alias").GetString().Should().Be(end);
        }

        using var beginning = server.With(Beginning);
        (await beginning.GetJsonAsync("/key/info")).Status.Should().Be(401);
    }

    [Test]
    public async Task The_hash_of_a_key_is_no_key()
    {
        await using var server = await ManagementServer.StartAsync();
        var hash = KeyHash.Of(await server.CreateKeyAsync()).ToString();

        foreach (var value in (string[])[hash, "sk-" + hash])
        {
            using var client = server.With(value);
            (await client.GetJsonAsync("/key/info")).Status.Should().Be(401);
        }
    }

    [Test]
    public async Task Two_values_in_one_header_are_refused()
    {
        await using var server = await ManagementServer.StartAsync();
        var key = await server.CreateKeyAsync();
        var headers = new HeaderDictionary { ["Authorization"] = new([$"Bearer {key}", "Bearer sk-other"]) };

        var (caller, error) = await server.Services.GetRequiredService<Authenticator>().AuthenticateAsync(headers, default);

        caller.Should().BeNull();
        error!.Message.Should().Contain("Malformed API Key");
    }

    [Test]
    public async Task An_ordinary_key_gets_nowhere_that_its_policy_does_not_name()
    {
        await using var server = await ManagementServer.StartAsync();
        using var ordinary = server.With(await server.CreateKeyAsync());
        using var anonymous = server.Anonymous();
        var endpoints = Endpoints(server);

        endpoints.Should().HaveCountGreaterThan(12);
        foreach (var endpoint in endpoints)
        {
            var rule = endpoint.Metadata.GetMetadata<AccessPolicy>()!.Rule;
            foreach (var method in endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods)
            {
                var path = ManagementPaths.Of(endpoint);
                (await SendAsync(anonymous, method, path) != HttpStatusCode.Unauthorized).Should().Be(rule == AccessRule.Public, path);

                // A key of no user has no teams of its own to list, and is told so with this status.
                var isForUsers = path is "/team/list" or "/v2/team/list";
                (await SendAsync(ordinary, method, path) != HttpStatusCode.Unauthorized).Should().Be(rule is AccessRule.Public or AccessRule.OwnerOrAdmin && !isForUsers, path);
            }
        }
    }

    [Test]
    public async Task An_ordinary_key_is_told_that_it_is_not_the_admin()
    {
        await using var server = await ManagementServer.StartAsync();
        using var client = server.With(await server.CreateKeyAsync(""" "user_id": "u-1" """));

        var answer = await client.PostAsync("/team/new", "{}");

        answer.Refusal().Should().Be((401, "auth_error", null));
        answer.Message().Should().Be(
            "Authentication Error, Only proxy admin can be used to generate, delete, update info for new keys/users/teams. "
            + "Route=/team/new. Your role=unknown. Your user_id=u-1");
    }

    [TestCase("//key/generate")]
    [TestCase("/key/%67enerate")]
    [TestCase("/KEY/GENERATE")]
    [TestCase("/health/liveness/../../key/generate")]
    [TestCase("/health/liveness/..%2f..%2fkey/generate")]
    [TestCase("/key/generate;x=/health/liveness")]
    [TestCase("/key/generate/")]
    public async Task No_spelling_of_a_path_goes_around_the_policy(string path)
    {
        await using var server = await ManagementServer.StartAsync();
        using var client = server.Anonymous();

        var status = await SendAsync(client, "POST", path);

        status.Should().BeOneOf(HttpStatusCode.Unauthorized, HttpStatusCode.NotFound, HttpStatusCode.MethodNotAllowed);
    }

    [Test]
    public void An_endpoint_without_a_policy_stops_the_program()
    {
        var app = WebApplication.CreateSlimBuilder().Build();
        EndpointRouteBuilderExtensions.MapGet(app.MapGuardedGroup(), "/open", () => "x");

        var build = () => ((IEndpointRouteBuilder)app).DataSources.Single().Endpoints;

        build.Should().Throw<InvalidOperationException>().WithMessage("*does not say who may call it*");
    }

    private static List<RouteEndpoint> Endpoints(ManagementServer server) =>
        [.. server.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()];

    private static async Task<HttpStatusCode> SendAsync(HttpClient client, string method, string path)
    {
        var uri = new Uri(client.BaseAddress!.GetLeftPart(UriPartial.Authority) + path, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        using var request = new HttpRequestMessage(new HttpMethod(method), uri);
        using var response = await client.SendAsync(request);
        return response.StatusCode;
    }
}
