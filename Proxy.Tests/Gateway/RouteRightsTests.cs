using System.Net;
using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;

namespace Proxy.Tests.Gateway;

/// <summary>Keys that are good for some routes only, on the way of a call.</summary>
internal sealed class RouteRightsTests : GatewayFixture
{
    [TestCase("""{"key_type": "llm_api"}""", HttpStatusCode.OK, HttpStatusCode.OK)]
    [TestCase("""{"key_type": "default"}""", HttpStatusCode.OK, HttpStatusCode.OK)]
    [TestCase("""{"key_type": "management"}""", HttpStatusCode.Forbidden, HttpStatusCode.OK)]
    [TestCase("""{"key_type": "read_only"}""", HttpStatusCode.Forbidden, HttpStatusCode.OK)]
    [TestCase("""{"allowed_routes": ["/v1/chat/completions"]}""", HttpStatusCode.OK, HttpStatusCode.Forbidden)]
    [TestCase("""{"allowed_routes": ["/chat/*", "/models"]}""", HttpStatusCode.OK, HttpStatusCode.OK)]
    [TestCase("""{"allowed_routes": ["/embeddings"]}""", HttpStatusCode.Forbidden, HttpStatusCode.Forbidden)]
    public async Task A_key_calls_what_its_routes_name(string fields, HttpStatusCode call, HttpStatusCode list)
    {
        using var client = Gateway.With(await Gateway.CreateKeyAsync(JsonNode.Parse(fields)!.AsObject()));

        foreach (var path in (string[])["/v1/chat/completions", "/chat/completions", "/CHAT/completions"])
        {
            using var answer = await client.PostAsync(path, new StringContent($$"""{"model":"{{Model}}","messages":[]}"""));
            answer.StatusCode.Should().Be(call, path);
        }

        using var models = await client.GetAsync("/v1/models");
        models.StatusCode.Should().Be(list);
        Provider.Calls.Count.Should().Be(call == HttpStatusCode.OK ? 3 : 0);
        (await Gateway.LedgerAsync()).Count.Should().Be(3);
    }

    [Test]
    public async Task Who_may_only_look_calls_nothing()
    {
        var user = await Gateway.PostAsync("/user/new", new JsonObject { ["user_role"] = "proxy_admin_viewer" });
        using var client = Gateway.With(user["key"]!.GetValue<string>());

        using var call = await client.PostAsync("/v1/chat/completions", new StringContent($$"""{"model":"{{Model}}","messages":[]}"""));
        using var targets = await client.GetAsync("/logging/targets");
        using var retry = await client.PostAsync("/logging/dead-letters/retry", new StringContent("{}"));

        (call.StatusCode, targets.StatusCode, retry.StatusCode).Should().Be((HttpStatusCode.Forbidden, HttpStatusCode.OK, HttpStatusCode.Forbidden));
        Provider.Calls.Should().BeEmpty();
    }
}
