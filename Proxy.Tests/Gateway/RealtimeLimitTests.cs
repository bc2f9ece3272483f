using System.Net.WebSockets;
using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Gateway;

/// <summary>Sessions in which nobody says anything, and clients that do not read.</summary>
internal sealed class RealtimeLimitTests
{
    private const string Create = """{"type":"response.create"}""";

    private FakeSessions _provider = null!;
    private TestGateway _gateway = null!;
    private ClientWebSocket _client = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _provider = await FakeSessions.StartAsync();
        var clusters = TestClusters.At(_provider.Address, "voice");
        clusters["voice"]!["HttpRequest"] = new JsonObject { ["ActivityTimeout"] = "00:00:02" };
        clusters["voice"]!["Metadata"] = new JsonObject { ["FirstByteTimeout"] = "00:00:20" };
        _gateway = await TestGateway.StartAsync(clusters, new JsonObject { ["Requests"] = new JsonObject { ["ReaderTimeout"] = "00:00:02" } });
        _client = new ClientWebSocket();
        _client.Options.SetRequestHeader("Authorization", $"Bearer {await _gateway.CreateKeyAsync()}");
        await _client.ConnectAsync(new Uri(new UriBuilder(_gateway.Address) { Scheme = "ws" }.Uri, "/v1/realtime?model=voice"), CancellationToken.None);
    }

    [TearDown]
    public async Task StopAsync()
    {
        _client.Dispose();
        await _gateway.DisposeAsync();
        await _provider.DisposeAsync();
    }

    [Test]
    public async Task A_session_in_which_nobody_says_anything_is_closed_with_a_word()
    {
        var heard = await HearAllAsync();

        heard.Should().HaveCount(2);
        heard[^1].Should().Contain("\"type\":\"error\"").And.Contain("Nothing was said in the session for too long.");
        _client.CloseStatus.Should().Be(WebSocketCloseStatus.NormalClosure);
        (await LedgerBecomesAsync(1)).Should().Equal(("Success", 0));
    }

    [Test]
    public async Task A_provider_that_falls_silent_within_a_response_has_what_it_said_billed()
    {
        _provider.Answer = (socket, _) => FakeSessions.SayAsync(socket, FakeSessions.Created, FakeSessions.Text("Hello"));
        await FakeSessions.SayAsync(_client, Create);

        var heard = await HearAllAsync();

        heard.Should().HaveCount(4);
        heard[^1].Should().Contain("Nothing was said in the session for too long.");
        (await LedgerBecomesAsync(2)).Select(row => (row.Outcome, row.Tokens > 0)).Should().BeEquivalentTo([("Incomplete", true), ("Success", false)]);
    }

    [Test]
    public async Task A_client_that_does_not_read_is_cut_and_what_was_said_to_it_is_billed()
    {
        var piece = FakeSessions.Text(new string('x', 50_000));
        _provider.Answer = async (socket, _) =>
        {
            await FakeSessions.SayAsync(socket, FakeSessions.Created);
            for (var count = 0; count < 1000; count++) await FakeSessions.SayAsync(socket, piece);
            await FakeSessions.SayAsync(socket, FakeSessions.Done());
        };

        await FakeSessions.SayAsync(_client, Create);

        var rows = await LedgerBecomesAsync(2);
        rows.Should().OnlyContain(row => row.Outcome == "Aborted");
        rows.Should().ContainSingle(row => row.Tokens > 10_000);
        await FluentActions.Awaiting(HearAllAsync).Should().ThrowAsync<WebSocketException>();
    }

    private async Task<List<string>> HearAllAsync()
    {
        var heard = new List<string>();
        while (await FakeSessions.HearAsync(_client) is { } message) heard.Add(message);

        // Who does not say goodbye is waited for.
        await _client.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        return heard;
    }

    private async Task<List<(string Outcome, long Tokens)>> LedgerBecomesAsync(int count)
    {
        await Eventually.BecomesAsync(_gateway.LedgerAsync, rows => rows.Count == count);
        return [.. (await _gateway.LedgerAsync()).Select(row => (row.Outcome, row.Tokens))];
    }
}
