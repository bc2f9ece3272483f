using System.Net;
using System.Net.WebSockets;
using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Gateway;

/// <summary>A gateway before a provider of sessions, and clients that speak in them.</summary>
internal abstract class RealtimeFixture
{
    protected const string Create = """{"type":"response.create"}""";

    protected FakeSessions Provider { get; private set; } = null!;

    protected TestGateway Gateway { get; private set; } = null!;

    [SetUp]
    public async Task StartAsync()
    {
        Provider = await FakeSessions.StartAsync();
        var price = new JsonObject
        {
            ["InputCostPerToken"] = 0.001,
            ["OutputCostPerToken"] = 0.002,
            ["CachedInputCostPerToken"] = 0.0005,
            ["AudioInputCostPerToken"] = 0.01,
            ["AudioOutputCostPerToken"] = 0.02,
        };
        var clusters = TestClusters.At(Provider.Address, "voice", new JsonObject { ["Model"] = "upstream", ["ApiKey"] = TestClusters.FakeProviderKey });
        clusters["small"] = TestClusters.At(Provider.Address, "small", new JsonObject { ["TpmLimit"] = "78" })["small"]!.DeepClone();
        clusters["slow"] = TestClusters.At(Provider.Address, "slow", new JsonObject { ["RpmLimit"] = "2" })["slow"]!.DeepClone();
        clusters["pair"] = TestClusters.At(Provider.Address, "pair")["pair"]!.DeepClone();
        clusters["pair"]!["LoadBalancingPolicy"] = "FirstAlphabetical";
        clusters["pair"]!["Metadata"] = new JsonObject { ["CooldownTime"] = "01:00:00" };
        clusters["pair"]!["Destinations"]!["absent"] = new JsonObject { ["Address"] = $"{Provider.Address}refuse/v1" };
        Gateway = await TestGateway.StartAsync(
            clusters,
            new JsonObject { ["Prices"] = new JsonObject { ["voice/first"] = price }, ["Requests"] = new JsonObject { ["MaxBodyBytes"] = 100_000, ["DrainTimeout"] = "00:00:00.100" } });
    }

    [TearDown]
    public async Task StopAsync()
    {
        await Gateway.DisposeAsync();
        await Provider.DisposeAsync();
    }

    protected async Task<ClientWebSocket> OpenAsync(string path = "/v1/realtime?model=voice", string? key = null)
    {
        var client = new ClientWebSocket();
        client.Options.AddSubProtocol("realtime");
        client.Options.AddSubProtocol($"openai-insecure-api-key.{key ?? await Gateway.CreateKeyAsync()}");
        await client.ConnectAsync(Socket(path), CancellationToken.None);
        return client;
    }

    protected async Task<HttpStatusCode> RefusalAsync(string path, string key)
    {
        using var client = new ClientWebSocket();
        client.Options.CollectHttpResponseDetails = true;
        client.Options.SetRequestHeader("Authorization", $"Bearer {key}");
        await client.Invoking(socket => socket.ConnectAsync(Socket(path), CancellationToken.None)).Should().ThrowAsync<WebSocketException>();
        return client.HttpStatusCode;
    }

    private Uri Socket(string path) => new(new UriBuilder(Gateway.Address) { Scheme = "ws" }.Uri, path);

    protected static async Task<List<string>> HearUntilDoneAsync(WebSocket client)
    {
        var heard = new List<string>();
        while (await FakeSessions.HearAsync(client) is { } message)
        {
            heard.Add(message);
            if (message.Contains("response.done")) return heard;
        }

        throw new AssertionException("The session was closed: " + string.Join('\n', heard));
    }

    protected static async Task HearUntilAsync(WebSocket client, string what)
    {
        while (await FakeSessions.HearAsync(client) is { } message && !message.Contains(what))
        {
        }
    }

    protected static async Task<List<string>> HearAllAsync(WebSocket client)
    {
        var heard = new List<string>();
        while (await FakeSessions.HearAsync(client) is { } message) heard.Add(message);
        return heard;
    }

    protected async Task<IReadOnlyList<LedgerRow>> LedgerBecomesAsync(int count)
    {
        await Eventually.BecomesAsync(Gateway.LedgerAsync, rows => rows.Count == count);
        return await Gateway.LedgerAsync();
    }
}
