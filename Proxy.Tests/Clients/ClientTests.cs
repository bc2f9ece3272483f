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
            var metadata = new JsonObject { ["Provider"] = provider == "responses" ? "openai" : provider, ["Model"] = "*", ["ApiKey"] = TestClusters.FakeProviderKey };
            if (provider == "responses") metadata["Api"] = "responses";
            if (provider == "bedrock") metadata["Region"] = "eu-west-1";
            clusters[provider + "/*"] = TestClusters.Cluster(provider is "azure" or "gemini" or "bedrock" ? _provider.Address.ToString().TrimEnd('/') : $"{_provider.Address}v1", metadata);
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
            clients[name] = await RunNpmAsync(client, Scenarios.Providers);
            Check(name, clients[name]);
        }

        var sounds = await RunNpmAsync("audio", AudioScenarios.Providers);
        Check("openai (npm)", sounds, AudioScenarios.Providers, AudioScenarios.All);
        var table = Table(clients, sounds);
        var file = Path.Combine(NpmFolder(), "..", "..", "..", "docs", "clients.md");
        if (Environment.GetEnvironmentVariable("UPDATE_DOCS") is not null) await File.WriteAllTextAsync(file, table);
        (await File.ReadAllTextAsync(file)).Should().Be(table, "docs/clients.md is made of this run");
    }

    [Test]
    public async Task The_Responses_API_comes_to_the_same_where_no_provider_speaks_it()
    {
        if (!Directory.Exists(Path.Combine(NpmFolder(), "node_modules"))) Assert.Ignore("The npm clients are not installed (npm ci in Proxy.Tests/Clients/npm), so they were not tried.");

        var results = await RunNpmAsync("responses", ["mistral", "anthropic", "bedrock"]);

        results.Should().HaveCount(15);
        foreach (var (name, result) in results) result.Should().Be(Scenarios.All.Single(scenario => name.EndsWith("/" + scenario.Name, StringComparison.Ordinal)).Result, "of {0}", name);
    }

    private static void Check(string client, IReadOnlyDictionary<string, string> results) => Check(client, results, Scenarios.Providers, Scenarios.All);

    private static void Check(string client, IReadOnlyDictionary<string, string> results, string[] providers, (string Name, string Result)[] scenarios)
    {
        foreach (var provider in providers)
        {
            foreach (var (name, result) in scenarios) results[$"{provider}/{name}"].Should().Be(result, "of '{0}' by {1} at {2}", name, client, provider);
        }
    }

    private static string Table(Dictionary<string, IReadOnlyDictionary<string, string>> clients, IReadOnlyDictionary<string, string> sounds)
    {
        var text = new StringBuilder("""
            # Clients and providers

            Made by the test run (`ClientTests`): each official client, unchanged but for its base URL and key, at a provider of each format. `✓` is that the client came to the right result.
            The cut stream ends as if it were whole, but for its end mark. OpenAI's client for .NET does not show reasoning: there the answer counts, and that its wish arrived.
            `responses` is a deployment that speaks OpenAI's Responses API alone; Gemini is called by OpenAI's API, Bedrock by Converse.


            """);
        Append(text, clients, Scenarios.Providers, Scenarios.All);
        text.AppendLine("\nSound, where providers have it:\n");
        Append(text, new() { [$"openai {Version("openai")} (npm)"] = sounds }, AudioScenarios.Providers, AudioScenarios.All);
        return text.ToString();
    }

    private static void Append(StringBuilder text, Dictionary<string, IReadOnlyDictionary<string, string>> clients, string[] providers, (string Name, string Result)[] scenarios)
    {
        text.AppendLine($"| client | provider | {string.Join(" | ", scenarios.Select(scenario => scenario.Name))} |");
        text.AppendLine($"|---|---|{string.Concat(scenarios.Select(_ => "---|"))}");
        foreach (var (client, results) in clients)
        {
            foreach (var provider in providers)
                text.AppendLine($"| {client} | {provider} | {string.Join(" | ", scenarios.Select(scenario => results[$"{provider}/{scenario.Name}"] == scenario.Result ? "✓" : "✗"))} |");
        }
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

    private async Task<IReadOnlyDictionary<string, string>> RunNpmAsync(string client, string[] providers)
    {
        using var node = Process.Start(new ProcessStartInfo("node", ["run.mjs", client, _gateway.Address.ToString().TrimEnd('/'), _key, string.Join(',', providers)])
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
