using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Gateway;

/// <summary>The virtual key stays on this side of the gateway, the provider's key on the other.</summary>
internal sealed class CredentialTests : GatewayFixture
{
    [Test]
    public async Task The_provider_gets_its_own_credential_and_nothing_else_of_the_clients()
    {
        using var request = Ask();
        foreach (var name in (string[])["x-api-key", "api-key", "x-litellm-api-key", "Cookie", "X-Forwarded-For", "OpenAI-Organization", "OpenAI-Project", "traceparent", "x-custom"])
            request.Headers.TryAddWithoutValidation(name, Key);
        request.Headers.TryAddWithoutValidation("OpenAI-Beta", "assistants=v2");

        using var response = await Client.SendAsync(request);

        response.StatusCode.Should().Be(HttpStatusCode.OK);
        var call = Provider.Calls.Single();
        call.Headers["Authorization"].Should().Be($"Bearer {TestClusters.FakeProviderKey}");
        call.Headers["OpenAI-Beta"].Should().Be("assistants=v2");
        call.Headers.Keys.Should().BeSubsetOf(["Host", "Authorization", "OpenAI-Beta", "Content-Type", "Content-Length", "User-Agent", "Accept"]);
        (string.Join('\n', call.Headers.Values) + call.Body).Should().NotContain(Key);
    }

    [TestCase(401)]
    [TestCase(403)]
    public async Task A_providers_refusal_of_our_credential_is_not_shown(int status)
    {
        Provider.Answer = (context, _) => FakeProvider.Json(context, OpenAiBodies.Error($"Incorrect API key provided: {TestClusters.FakeProviderKey}."), status);

        using var response = await Client.SendAsync(Ask());

        (response.StatusCode, response.ReasonPhrase).Should().Be((HttpStatusCode.BadGateway, "Bad Gateway"));
        response.Headers.Contains("x-litellm-call-id").Should().BeTrue();
        (await response.Content.ReadAsStringAsync()).Should().Contain("upstream_authentication_error").And.NotContain(TestClusters.FakeProviderKey);
    }

    [Test]
    public async Task Of_the_providers_headers_only_the_useful_ones_reach_the_client()
    {
        Provider.Answer = (context, _) =>
        {
            context.Response.Headers.SetCookie = "__cf_bm=1";
            context.Response.Headers["openai-organization"] = "our-account";
            context.Response.Headers["x-ratelimit-remaining-requests"] = "59";
            context.Response.Headers["x-request-id"] = "req_1";
            return FakeProvider.Json(context, OpenAiBodies.Chat("Hi"));
        };

        using var response = await Client.SendAsync(Ask());

        bool Has(string name) => response.Headers.Contains(name);
        (Has("x-ratelimit-remaining-requests"), Has("x-request-id")).Should().Be((true, true));
        (Has("Set-Cookie"), Has("openai-organization"), Has("Server")).Should().Be((false, false, false));
    }

    [Test]
    public async Task The_providers_error_reaches_the_client_as_it_is()
    {
        var error = OpenAiBodies.Error("Unsupported value: 'temperature'.");
        Provider.Answer = (context, _) => FakeProvider.Json(context, error, status: 400);

        using var response = await Client.SendAsync(Ask());

        (response.StatusCode, await response.Content.ReadAsStringAsync()).Should().Be((HttpStatusCode.BadRequest, error));
        (await Gateway.LedgerAsync()).Single().Should().BeEquivalentTo(new { Status = 400, Outcome = "Failure", Cost = 0 });
    }

    private static HttpRequestMessage Ask() => new(HttpMethod.Post, "/v1/chat/completions")
    {
        Content = JsonContent.Create(new JsonObject { ["model"] = "gpt-4o-mini", ["messages"] = new JsonArray() }),
    };
}
