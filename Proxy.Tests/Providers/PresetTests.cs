using System.Text.Json.Nodes;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Proxy.Host.Configuration;
using Proxy.Host.Models;
using Proxy.Host.Providers;
using Proxy.Tests.Gateway;
using Yarp.ReverseProxy.Configuration;

namespace Proxy.Tests.Providers;

internal sealed class PresetTests
{
    [TestCase("openai", "https://api.openai.com/v1/chat/completions", true)]
    [TestCase("vllm", "http://localhost:8000/v1/chat/completions", true)]
    [TestCase("ollama", "http://localhost:11434/v1/chat/completions", true)]
    [TestCase("lmstudio", "http://localhost:1234/v1/chat/completions", true)]
    [TestCase("groq", "https://api.groq.com/openai/v1/chat/completions", true)]
    [TestCase("mistral", "https://api.mistral.ai/v1/chat/completions", false)]
    [TestCase("deepseek", "https://api.deepseek.com/v1/chat/completions", true)]
    [TestCase("xai", "https://api.x.ai/v1/chat/completions", true)]
    [TestCase("together", "https://api.together.xyz/v1/chat/completions", true)]
    [TestCase("openrouter", "https://openrouter.ai/api/v1/chat/completions", true)]
    [TestCase("fireworks", "https://api.fireworks.ai/inference/v1/chat/completions", true)]
    [TestCase("gemini", "https://generativelanguage.googleapis.com/v1beta/openai/chat/completions", true)]
    public void A_provider_by_name_is_where_it_usually_is(string provider, string address, bool asksForUsage)
    {
        var dialect = ProviderDialect.Find(provider)!;
        var deployment = Deployment.Read(
            new DestinationConfig { Address = dialect.UsualAddress!, Metadata = new Dictionary<string, string> { [Deployment.ProviderKey] = provider } },
            fault => throw new InvalidOperationException(fault))!;

        dialect.AddressOf(deployment, ApiOperation.Chat, "m").AbsoluteUri.Should().Be(address);
        (deployment.Provider, deployment.AsksForStreamUsage).Should().Be((provider, asksForUsage));
        (dialect.Serves(ApiOperation.Chat), dialect.Serves(ApiOperation.Messages)).Should().Be((true, true));
    }

    [Test]
    public async Task A_destination_needs_no_address_where_its_provider_is_always_at_the_same()
    {
        await using var gateway = await TestGateway.StartAsync(new JsonObject
        {
            ["llama"] = new JsonObject
            {
                ["Destinations"] = new JsonObject
                {
                    ["groq"] = new JsonObject { ["Metadata"] = new JsonObject { ["Provider"] = "groq" } },
                    ["own"] = new JsonObject { ["Address"] = "http://vllm.local/v1", ["Metadata"] = new JsonObject { ["Provider"] = "vllm" } },
                },
            },
        });

        var destinations = gateway.Services.GetRequiredService<SettingsSource>().Current.Clusters.Single(cluster => cluster.ClusterId == "llama").Destinations!;
        (destinations["groq"].Address, destinations["own"].Address).Should().Be(("https://api.groq.com/openai/v1", "http://vllm.local/v1"));
    }
}
