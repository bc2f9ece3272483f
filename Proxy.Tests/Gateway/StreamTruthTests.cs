using System.ClientModel;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using OpenAI;
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
    public async Task The_official_sdk_never_takes_a_broken_stream_for_a_whole_one()
    {
        var client = new OpenAIClient(new ApiKeyCredential(_key), new OpenAIClientOptions
        {
            Endpoint = new Uri(_gateway.Address, "v1"),
            RetryPolicy = new System.ClientModel.Primitives.ClientRetryPolicy(maxRetries: 0),
        }).GetChatClient("gpt-4o-mini");
        var borders = Enumerable.Range(1, Recorded.Length).Where(at => at > 1 && Recorded[at - 1] == '\n' && Recorded[at - 2] == '\n');
        int[] cuts = [0, .. borders.SelectMany(border => (int[])[border - 1, border, border + 9])];

        foreach (var cut in cuts.Where(cut => cut <= Recorded.Length))
        {
            _provider.Answer = _ => new ProviderScript { Body = Recorded, CutAt = cut };
            var words = new StringBuilder();
            var isError = false;
            try
            {
                await foreach (var update in client.CompleteChatStreamingAsync("Count.")) words.AppendJoin("", update.ContentUpdate.Select(part => part.Text));
            }
            catch (Exception exception) when (exception is ClientResultException or JsonException or IOException or HttpRequestException)
            {
                isError = true;
            }

            (isError || words.ToString() == Words).Should().BeTrue("cut at {0} gave '{1}'", cut, words);
        }

        (await _gateway.LedgerAsync()).Count.Should().Be(cuts.Count(cut => cut <= Recorded.Length));
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
