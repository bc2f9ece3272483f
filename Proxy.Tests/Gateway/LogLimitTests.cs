using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Tests.Logging;

namespace Proxy.Tests.Gateway;

/// <summary>What each team chose for the day on which the disk of the outbox is used up, through the whole program.</summary>
internal sealed class LogLimitTests : GatewayFixture
{
    private const int Limit100Kilobytes = 100_000;

    private FakeLangfuse _langfuse = null!;

    protected override JsonObject Sections => new()
    {
        ["CompletionLog"] = new JsonObject { ["MaxOutboxBytes"] = Limit100Kilobytes, ["FlushInterval"] = "00:00:00.050", ["ShutdownTimeout"] = "00:00:00" },
    };

    [SetUp]
    public async Task StartLangfuseAsync()
    {
        _langfuse = await FakeLangfuse.StartAsync();
        _langfuse.Answer = static _ => Task.FromResult(new FakeAnswer(500));
    }

    [TearDown]
    public async Task StopLangfuseAsync() => await _langfuse.DisposeAsync();

    [Test]
    public async Task At_the_limit_each_team_gets_what_it_chose_and_none_pays_for_another()
    {
        var drops = await TeamKeyAsync("drop-oldest");
        var sheds = await TeamKeyAsync("shed-bodies");
        var refuses = await TeamKeyAsync("refuse-calls");
        using var unlogged = Gateway.With(await Gateway.CreateKeyAsync());

        (await AskAsync(Gateway.With(refuses), "first")).Should().Be((200, null));
        for (var i = 0; await WaitingBytesAsync() < Limit100Kilobytes; i++) (await AskAsync(Gateway.With(drops), $"old {i} {Prose(20_000)}")).Should().Be((200, null));

        (await AskAsync(Gateway.With(refuses), "second")).Should().Be((503, "log_outbox_full"));
        (await AskAsync(Gateway.With(sheds), "canary-of-the-shed")).Should().Be((200, null));
        (await Gateway.Admin.GetStringAsync("/health/logging")).Should().Contain("degraded").And.Contain("of at most 100000 bytes");
        (await AskAsync(Gateway.With(drops), $"newest {Prose(20_000)}")).Should().Be((200, null));
        (await AskAsync(unlogged, "of nobody's log")).Should().Be((200, null), "whose calls are not logged has no need to stop");

        var bodies = await Gateway.ReadWaitingAsync();
        bodies.Should().Contain(body => body.Contains("newest")).And.Contain(body => body.Contains("first")).And.NotContain(body => body.Contains("old 0"));
        bodies.Should().Contain(body => body.Contains("bodies_shed")).And.NotContain(body => body.Contains("canary-of-the-shed"));
        (await Gateway.LedgerAsync()).Count(row => row.ErrorType == "log_outbox_full").Should().Be(1, "the refusal is in the ledger");

        _langfuse.Answer = static _ => Task.FromResult(FakeAnswer.Ok);
        await Gateway.PostAsync("/logging/dead-letters/retry");
        await Eventually.BecomesAsync(Gateway.CountWaitingAsync, waiting => waiting == 0);
        (await AskAsync(Gateway.With(refuses), "third")).Should().Be((200, null), "once there is room, calls are made again");
    }

    private async Task<int> WaitingBytesAsync() => (await Gateway.ReadWaitingAsync()).Sum(body => Encoding.UTF8.GetByteCount(body));

    private static string Prose(int length) => string.Concat(Enumerable.Repeat("the quick brown fox jumps over the lazy dog ", length / 44));

    private async Task<string> TeamKeyAsync(string policy)
    {
        var team = await Gateway.CreateTeamAsync(new() { ["metadata"] = new JsonObject { ["logging_at_limit"] = policy } });
        await Gateway.LogToAsync(team, _langfuse.AddProject(policy).Target);
        return await Gateway.CreateKeyAsync(new() { ["team_id"] = team });
    }

    private static async Task<(int Status, string? Error)> AskAsync(HttpClient client, string question)
    {
        using var response = await client.PostAsJsonAsync("/v1/chat/completions", new { model = Model, messages = new[] { new { role = "user", content = question } } });
        var body = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
        return ((int)response.StatusCode, body["error"]?["type"]?.GetValue<string>());
    }
}
