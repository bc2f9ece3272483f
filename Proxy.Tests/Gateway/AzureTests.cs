using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Gateway;

/// <summary>OpenAI's models at Azure.</summary>
internal sealed class AzureTests
{
    [TestCase("2024-10-21", "/openai/deployments/gpt-4o%20eu/chat/completions", "?api-version=2024-10-21")]
    [TestCase("v1", "/openai/v1/chat/completions", "")]
    [TestCase(null, "/openai/v1/chat/completions", "")]
    public async Task The_deployment_stands_in_the_path_or_in_the_body(string? version, string path, string query)
    {
        await using var provider = await FakeProvider.StartAsync();
        var asked = new TaskCompletionSource<string>();
        provider.Answer = (context, _) =>
        {
            asked.SetResult(context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpRequestFeature>()!.RawTarget);
            return FakeProvider.Json(context, OpenAiBodies.Chat("Hi"));
        };
        var metadata = new JsonObject { ["Provider"] = "azure", ["Deployment"] = "gpt-4o eu", ["ApiKey"] = TestClusters.FakeProviderKey };
        if (version is not null) metadata["ApiVersion"] = version;
        await using var gateway = await TestGateway.StartAsync(new JsonObject { ["gpt-4o"] = TestClusters.Cluster(provider.Address.ToString(), metadata) });
        using var client = gateway.With(await gateway.CreateKeyAsync());

        using var response = await client.PostAsJsonAsync("/v1/chat/completions", new JsonObject { ["model"] = "gpt-4o" });

        response.StatusCode.Should().Be(HttpStatusCode.OK);
        (await asked.Task).Should().Be(path + query);
        var call = provider.Calls.Single();
        (call.Headers["api-key"], call.Json["model"]!.GetValue<string>()).Should().Be((TestClusters.FakeProviderKey, "gpt-4o eu"));
        call.Headers.Should().NotContainKey("Authorization");
    }
}
