using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Tests.Gateway;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Clients;

/// <summary>The official clients at every format of provider; docs/clients.md is made of what they come to. Set UPDATE_DOCS to write it.</summary>
internal sealed class ClientTests
{
    private FakeProvider _provider = null!;
    private TestGateway _gateway = null!;
    private string _key = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _provider = await FakeProvider.StartAsync();
        _provider.Answer = Scenarios.AnswerAsync;
        var clusters = new JsonObject();
        foreach (var provider in (string[])[.. Scenarios.Providers, "mistral"])
        {
            clusters[provider + "/*"] = TestClusters.Cluster(
                provider == "azure" ? _provider.Address.ToString().TrimEnd('/') : $"{_provider.Address}v1",
                new JsonObject { ["Provider"] = provider, ["Model"] = "*", ["ApiKey"] = TestClusters.FakeProviderKey });
        }

        _gateway = await TestGateway.StartAsync(clusters, new JsonObject { ["Routing"] = new JsonObject { ["Retries"] = 0 } });
        _key = await _gateway.CreateKeyAsync();
    }

    [TearDown]
    public async Task StopAsync()
    {
        await _gateway.DisposeAsync();
        await _provider.DisposeAsync();
    }

    [Test]
    public async Task Every_client_comes_to_the_same_at_every_provider()
    {
        var clients = new Dictionary<string, IReadOnlyDictionary<string, string>>
        {
            ["OpenAI 2.15.0 (.NET)"] = await RunAsync(new OpenAiDotNetClient(_gateway.Address, _key).RunAsync),
            ["Anthropic 13.12.0 (.NET)"] = await RunAnthropicAsync(),
        };
        foreach (var (client, results) in clients) Check(client, results);

        if (!Directory.Exists(Path.Combine(NpmFolder(), "node_modules"))) Assert.Ignore("The npm clients are not installed (npm ci in Proxy.Tests/Clients/npm), so they were not tried.");
        foreach (var (client, package) in ((string, string)[])[("openai", "openai"), ("anthropic", "@anthropic-ai/sdk")])
        {
            var name = $"{package} {Version(package)} (npm)";
            clients[name] = await RunNpmAsync(client);
            Check(name, clients[name]);
        }

        var table = Table(clients);
        var file = Path.Combine(NpmFolder(), "..", "..", "..", "docs", "clients.md");
        if (Environment.GetEnvironmentVariable("UPDATE_DOCS") is not null) await File.WriteAllTextAsync(file, table);
        (await File.ReadAllTextAsync(file)).Should().Be(table, "docs/clients.md is made of this run");
    }

    [Test]
    public async Task The_Responses_API_comes_to_the_same_where_no_provider_speaks_it()
    {
        if (!Directory.Exists(Path.Combine(NpmFolder(), "node_modules"))) Assert.Ignore("The npm clients are not installed (npm ci in Proxy.Tests/Clients/npm), so they were not tried.");

        var results = await RunNpmAsync("responses");

        results.Should().HaveCount(10);
        foreach (var (name, result) in results) result.Should().Be(Scenarios.All.Single(scenario => name.EndsWith("/" + scenario.Name, StringComparison.Ordinal)).Result, "of {0}", name);
    }

    private static void Check(string client, IReadOnlyDictionary<string, string> results)
    {
        foreach (var provider in Scenarios.Providers)
        {
            foreach (var (name, result) in Scenarios.All) results[$"{provider}/{name}"].Should().Be(result, "of '{0}' by {1} at {2}", name, client, provider);
        }
    }

    private static string Table(Dictionary<string, IReadOnlyDictionary<string, string>> clients)
    {
        var text = new StringBuilder("""
            # Clients and providers

            Made by the test run (`ClientTests`): each official client, unchanged but for its base URL and key, at a provider of each format. `✓` is that the client came to the right result.
            The cut stream ends as if it were whole, but for its end mark. OpenAI's client for .NET does not show reasoning: there the answer counts, and that its wish arrived.


            """);
        text.AppendLine($"| client | provider | {string.Join(" | ", Scenarios.All.Select(scenario => scenario.Name))} |");
        text.AppendLine($"|---|---|{string.Concat(Scenarios.All.Select(_ => "---|"))}");
        foreach (var (client, results) in clients)
        {
            foreach (var provider in Scenarios.Providers)
                text.AppendLine($"| {client} | {provider} | {string.Join(" | ", Scenarios.All.Select(scenario => results[$"{provider}/{scenario.Name}"] == scenario.Result ? "✓" : "✗"))} |");
        }

        return text.ToString();
    }

    private static async Task<IReadOnlyDictionary<string, string>> RunAsync(Func<string, string, Task<string>> run)
    {
        var results = new Dictionary<string, string>();
        foreach (var provider in Scenarios.Providers)
        {
            foreach (var (scenario, _) in Scenarios.All) results[$"{provider}/{scenario}"] = await run(provider, scenario);
        }

        return results;
    }

    private async Task<IReadOnlyDictionary<string, string>> RunAnthropicAsync()
    {
        using var client = new AnthropicDotNetClient(_gateway.Address, _key);
        return await RunAsync(client.RunAsync);
    }

    private async Task<IReadOnlyDictionary<string, string>> RunNpmAsync(string client)
    {
        using var node = Process.Start(new ProcessStartInfo("node", ["run.mjs", client, _gateway.Address.ToString().TrimEnd('/'), _key])
        {
            WorkingDirectory = NpmFolder(),
            UseShellExecute = false,
            RedirectStandardOutput = true,
            StandardOutputEncoding = Encoding.UTF8,
        })!;
        var output = await node.StandardOutput.ReadToEndAsync();
        await node.WaitForExitAsync();
        node.ExitCode.Should().Be(0);
        return JsonNode.Parse(output)!.AsObject().ToDictionary(result => result.Key, result => result.Value!.GetValue<string>());
    }

    private static string Version(string package) =>
        JsonNode.Parse(File.ReadAllText(Path.Combine(NpmFolder(), "node_modules", package, "package.json")))!["version"]!.GetValue<string>();

    private static string NpmFolder([CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "npm");
}
