using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using FluentAssertions;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Proxy.Tests.Providers;
using Yarp.ReverseProxy;

namespace Proxy.Tests.Gateway;

/// <summary>Whatever providers do, one attempt after the other, and whenever clients leave: never two answers, a lost record, a leaked slot or a wrong sum.</summary>
internal sealed class FaultPropertyTests
{
    private const int Attempts = 6;
    private readonly ConcurrentDictionary<string, int> _attempts = [];
    private readonly ConcurrentDictionary<string, CancellationTokenSource> _leaving = [];
    private int _calls;

    private enum Fault
    {
        None,
        Refused,
        CutAtOnce,
        CutLater,
        Stall,
        Overloaded,
        Busy,
        ClientFault,
        BrokenFrame,
        ErrorFrame,
        Empty,
        NoEnd,

        /// <summary>No first byte: what hedging is for.</summary>
        Silent,
    }

    /// <param name="isHedged">With a second attempt beside the first, where the usual time of a destination is known.</param>
    [Test]
    public async Task Random_faults_of_random_calls([Values] bool isHedged)
    {
        await using var provider = new ScriptedProvider { Answer = Play };
        await using var gateway = await TestGateway.StartAsync(
            new JsonObject { ["main"] = Cluster(provider.Address, fallback: "other", isHedged), ["other"] = Cluster(provider.Address, fallback: null, isHedged) },
            new JsonObject { ["Prices"] = new JsonObject { ["main"] = Price(0.000123457m), ["other"] = Price(0.00098765321m) } });
        var key = await Books.OpenAsync(gateway);
        using var client = gateway.With(key);

        // One after the other, each destination in its turn, until all are known.
        for (var call = 0; isHedged && call < 3 * 20; call++) await AskAsync(client, [Fault.None], isStream: false, isHedged: false);
        JsonObject Price(decimal each) => new() { ["InputCostPerToken"] = each, ["OutputCostPerToken"] = each };

        var faultsToMeet = Enum.GetValues<Fault>().Where(fault => isHedged || fault != Fault.Silent);
        var sequences = Gen.ListOf(Gen.ArrayOf(Gen.Elements(faultsToMeet), Attempts), 8).ToArbitrary();
        Prop.ForAll(sequences, faults => Task.WhenAll(faults.Select((sequence, index) => index % 4 == 3 ? LeaveAsync(client, sequence, index % 8 == 3) : AskAsync(client, sequence, index % 2 == 0, isHedged))).GetAwaiter().GetResult())
            .Check(Config.QuickThrowOnFailure.WithMaxTest(isHedged ? 5 : 10));

        await Eventually.BecomesAsync(gateway.LedgerAsync, rows => rows.Count >= _calls);
        var rows = await gateway.LedgerAsync();
        await Books.BalanceAsync(gateway, key);
        (rows.Count, rows.DistinctBy(row => row.CallId).Count()).Should().Be((_calls, _calls));
        var slots = gateway.Services.GetRequiredService<IProxyStateLookup>().GetClusters()
            .SelectMany(cluster => cluster.DestinationsState.AllDestinations).Sum(destination => destination.ConcurrentRequestCount);
        slots.Should().Be(0);
    }

    private async Task AskAsync(HttpClient client, Fault[] faults, bool isStream, bool isHedged)
    {
        Interlocked.Increment(ref _calls);
        using var request = Request($"{Guid.NewGuid()}", faults, isStream);
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        var (answer, isWhole) = await response.ReadAsFarAsItGoesAsync();

        var because = $"{(isStream ? "a stream" : "a body")} met {string.Join(", ", faults)} and gave {(int)response.StatusCode} {answer}";
        var answers = Enumerable.Range(0, Attempts).Count(attempt => answer.Contains($"answer-{attempt}-begins"));
        var isError = answer.Contains("\"error\":");
        var isDone = isWhole && (isStream ? answer.EndsWith("data: [DONE]\n\n", StringComparison.Ordinal) : answer.Contains("-ends")) && !isError;
        if (answers > 1) throw new InvalidOperationException("Two answers: " + because);
        if (isDone == isError) throw new InvalidOperationException("Neither an answer nor an error: " + because);
        if (isDone && !answer.Contains("-ends")) throw new InvalidOperationException("Half an answer for a whole one: " + because);

        // Of two that race, the one that begins first is taken, and may break.
        if (faults[0] == Fault.None && !isDone && !isHedged) throw new InvalidOperationException("A good provider's answer was lost: " + because);
    }

    /// <summary>The client goes while the provider is asked, or once the answer has begun.</summary>
    private async Task LeaveAsync(HttpClient client, Fault[] faults, bool isAtOnce)
    {
        Interlocked.Increment(ref _calls);
        using var left = new CancellationTokenSource();
        var user = $"{Guid.NewGuid()}";
        if (isAtOnce) _leaving[user] = left;
        using var request = Request(user, faults, isStream: true);
        try
        {
            using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, left.Token);
        }
        catch (OperationCanceledException) when (left.IsCancellationRequested)
        {
            // It is gone.
        }
    }

    private static HttpRequestMessage Request(string user, Fault[] faults, bool isStream)
    {
        var body = new JsonObject { ["model"] = "main", ["stream"] = isStream, ["user"] = user, ["script"] = string.Join(',', faults.Select(fault => (int)fault)) };
        return new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(body.ToJsonString()) };
    }

    private ProviderScript Play(string asked)
    {
        var body = JsonNode.Parse(asked)!;
        if (_leaving.TryRemove(body["user"]!.GetValue<string>(), out var left)) left.Cancel();
        var attempt = _attempts.AddOrUpdate(body["user"]!.GetValue<string>(), 0, (_, count) => count + 1);
        var script = body["script"]!.GetValue<string>().Split(',');
        var fault = (Fault)int.Parse(script[attempt % script.Length]);
        var isStream = body["stream"]!.GetValue<bool>();
        string[] chunks = [OpenAiBodies.Chunk($"answer-{attempt}-begins"), OpenAiBodies.Chunk($"answer-{attempt}-ends"), OpenAiBodies.Chunk("{}", "stop"), OpenAiBodies.Done];
        var whole = isStream ? ProviderScript.Stream(chunks) : ProviderScript.Json(OpenAiBodies.Chat($"answer-{attempt}-begins answer-{attempt}-ends"));

        return fault switch
        {
            Fault.Refused => whole with { IsRefused = true },
            Fault.CutAtOnce => whole with { CutAt = 0 },
            Fault.CutLater => whole with { CutAt = whole.Body.Length / 2 },
            Fault.Stall => whole with { StallAt = whole.Body.Length / 2 },
            Fault.Overloaded => ProviderScript.Json(OpenAiBodies.Error("down"), "500 No"),
            Fault.Busy => ProviderScript.Json(OpenAiBodies.Error("busy"), "429 No"),
            Fault.ClientFault => ProviderScript.Json(OpenAiBodies.Error("bad"), "400 No"),
            Fault.BrokenFrame => whole with { Body = [.. whole.Body[..(whole.Body.Length / 2)], .. "\n\ndata: {{{\n\n"u8] },
            Fault.ErrorFrame when isStream => ProviderScript.Stream(OpenAiBodies.Error("failed")),
            Fault.Silent => whole with { StallAt = 0 },
            Fault.Empty => whole with { Body = [] },
            Fault.NoEnd => whole with { Body = whole.Body[..(whole.Body.Length / 2)], End = BodyEnd.Close },
            _ => whole,
        };
    }

    /// <summary>Three destinations, so that the usual retries find another each time; none is left alone, so that all faults are met.</summary>
    private static JsonObject Cluster(Uri provider, string? fallback, bool isHedged) => new()
    {
        ["LoadBalancingPolicy"] = "RoundRobin",
        ["Metadata"] = new JsonObject { ["FirstByteTimeout"] = isHedged ? "00:00:01" : "00:00:20", ["Fallbacks"] = fallback ?? "", ["Hedge"] = $"{isHedged}" },
        ["HttpRequest"] = new JsonObject { ["ActivityTimeout"] = "00:00:01" },
        ["HealthCheck"] = new JsonObject { ["Passive"] = new JsonObject { ["Enabled"] = false } },
        ["Destinations"] = new JsonObject(Enumerable.Range(0, 3).Select(number => KeyValuePair.Create($"d{number}", (JsonNode?)Destination(provider)))),
    };

    /// <summary>With room enough, so that what is held there is counted.</summary>
    private static JsonObject Destination(Uri provider) => new() { ["Address"] = $"{provider}v1", ["Metadata"] = new JsonObject { ["MaxParallelRequests"] = "100" } };
}
