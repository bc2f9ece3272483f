using System.ClientModel;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using OpenAI;
using OpenAI.Chat;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Gateway;

/// <summary>Whatever a provider does to a stream, its client sees the whole answer or an error, and the ledger has the call once.</summary>
internal sealed class StreamTruthTests
{
    private const string Words = "One, two, \"three\" ✓";
    private static readonly byte[] Recorded = ProviderScript.Stream([.. OpenAiBodies.Stream("One,", " two,", " \"three\" ✓")]).Body;
    private ScriptedProvider _provider = null!;
    private TestGateway _gateway = null!;
    private HttpClient _client = null!;
    private string _key = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _provider = new ScriptedProvider();
        _gateway = await TestGateway.StartAsync(TestClusters.At(_provider.Address), new JsonObject { ["Routing"] = new JsonObject { ["Retries"] = 0 } });
        _key = await _gateway.CreateKeyAsync();
        _client = _gateway.With(_key);
    }

    [TearDown]
    public async Task StopAsync()
    {
        _client.Dispose();
        await _gateway.DisposeAsync();
        await _provider.DisposeAsync();
    }

    [Test]
    public async Task Cut_at_any_byte_it_is_the_whole_answer_or_an_error([Values(BodyEnd.Chunks, BodyEnd.Close)] BodyEnd end)
    {
        _provider.Answer = body => new ProviderScript { Body = Recorded, End = end, CutAt = JsonNode.Parse(body)!["seed"]!.GetValue<int>() };
        var whole = 0;

        await Parallel.ForAsync(0, Recorded.Length + 1, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (cut, _) =>
        {
            var (words, isDone, isError) = await AskAsync(cut);
            (isDone ^ isError).Should().BeTrue("cut at {0}", cut);
            if (isDone) words.Should().Be(Words, "cut at {0}", cut);
            if (isDone) Interlocked.Increment(ref whole);
        });

        var rows = await _gateway.LedgerAsync();
        (rows.Count, rows.Count(row => row.Outcome == "Success")).Should().Be((Recorded.Length + 1, whole));
        whole.Should().BeInRange(1, Recorded.Length / 2);
    }

    [Test]
    public async Task Cut_at_any_byte_the_official_sdk_has_the_whole_answer_or_an_error()
    {
        var client = new OpenAIClient(new ApiKeyCredential(_key), new OpenAIClientOptions
        {
            Endpoint = new Uri(_gateway.Address, "v1"),
            RetryPolicy = new System.ClientModel.Primitives.ClientRetryPolicy(maxRetries: 0),
        }).GetChatClient("gpt-4o-mini");
        _provider.Answer = body => new ProviderScript
        {
            Body = Recorded,
            CutAt = int.Parse(JsonNode.Parse(body)!["messages"]![0]!["content"]!.GetValue<string>(), CultureInfo.InvariantCulture),
        };
        var whole = 0;

        await Parallel.ForAsync(0, Recorded.Length + 1, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (cut, _) =>
        {
            var (words, isError) = await AskAsync(client, cut);
            if (isError) return;
            words.Should().Be(Words, "cut at {0}", cut);
            Interlocked.Increment(ref whole);
        });

        var rows = await _gateway.LedgerAsync();
        (rows.Count, rows.Count(row => row.Outcome == "Success")).Should().Be((Recorded.Length + 1, whole));
        whole.Should().BeInRange(1, Recorded.Length / 2);
    }

    private static async Task<(string Words, bool IsError)> AskAsync(ChatClient client, int cut)
    {
        var words = new StringBuilder();
        try
        {
            await foreach (var update in client.CompleteChatStreamingAsync(cut.ToString(CultureInfo.InvariantCulture)))
                words.AppendJoin("", update.ContentUpdate.Select(part => part.Text));
            return (words.ToString(), false);
        }
        catch (Exception exception) when (exception is ClientResultException or JsonException or IOException or HttpRequestException)
        {
            return (words.ToString(), true);
        }
    }

    private async Task<(string Words, bool IsDone, bool IsError)> AskAsync(int seed = 0)
    {
        using var content = new StringContent($$"""{"model":"gpt-4o-mini","stream":true,"seed":{{seed}},"messages":[]}""");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = content };
        using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        var (body, isWhole) = await response.ReadAsFarAsItGoesAsync();
        if (!response.IsSuccessStatusCode) return ("", false, JsonNode.Parse(body)!["error"] is not null);

        var words = new StringBuilder();
        var (isDone, isError) = (false, false);
        foreach (var line in body.Split('\n').Where(line => line.StartsWith("data: ", StringComparison.Ordinal)))
        {
            (isDone || isError).Should().BeFalse("nothing follows the end");
            isDone = line == "data: [DONE]";
            if (isDone) continue;

            var json = JsonNode.Parse(line["data: ".Length..])!;
            isError = json["error"] is not null;
            words.Append(json["choices"]?.AsArray().FirstOrDefault()?["delta"]?["content"]?.GetValue<string>());
        }

        isWhole.Should().Be(isDone, "only a whole answer ends well");
        return (words.ToString(), isDone, isError);
    }
}
