using System.Net;
using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;

namespace Proxy.Tests.Gateway;

/// <summary>Clients of Azure's, and of OpenAI's first API, name the model in the path.</summary>
internal sealed class ModelInPathTests : GatewayFixture
{
    [TestCase("/openai/deployments/gpt-4o-mini/chat/completions?api-version=2024-10-21", """{"messages":[]}""", """{"model":"gpt-4o-mini","messages":[]}""")]
    [TestCase("/engines/gpt-4o-mini/chat/completions", """{"messages":[],"model":"other"}""", """{"messages":[],"model":"gpt-4o-mini"}""")]
    [TestCase("/v1/engines/gpt-4o-mini/chat/completions", "{}", """{"model":"gpt-4o-mini"}""")]
    [TestCase("/openai/deployments/gpt-4o-mini/chat/completions", """{"num_retries":1}""", """{"model":"gpt-4o-mini"}""")]
    [TestCase("/openai/deployments/gpt-4o-mini/embeddings", """{"input":"x","tags":["a"]}""", """{"model":"gpt-4o-mini","input":"x"}""")]
    public async Task The_path_says_the_model(string path, string asked, string sent)
    {
        using var response = await PostAsync(path, asked);

        response.StatusCode.Should().Be(HttpStatusCode.OK);
        var call = Provider.Calls.Single();
        JsonNode.DeepEquals(call.Json, JsonNode.Parse(sent)).Should().BeTrue("{0}", call.Body);
        (await Gateway.LedgerAsync()).Single().Model.Should().Be("gpt-4o-mini");
    }

    [Test]
    public async Task A_key_is_checked_against_the_model_of_the_path()
    {
        using var restricted = Gateway.With(await Gateway.CreateKeyAsync(new JsonObject { ["models"] = new JsonArray("other") }));
        using var response = await restricted.PostAsync("/openai/deployments/gpt-4o-mini/chat/completions", new StringContent("""{"model":"other","messages":[]}"""));

        response.IsSuccessStatusCode.Should().BeFalse();
        (await response.Content.ReadAsStringAsync()).Should().Contain("gpt-4o-mini");
        Provider.Calls.Should().BeEmpty();
    }

    private Task<HttpResponseMessage> PostAsync(string path, string body) => Client.PostAsync(path, new StringContent(body));
}
