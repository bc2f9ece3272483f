using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Gateway;

/// <summary>What a call states of the length of its answer lowers what it holds of a budget only where its provider obeys that.</summary>
[FixtureLifeCycle(LifeCycle.SingleInstance)]
internal sealed class OutputBoundTests
{
    private const string Flash = "/v1beta/models/flash:generateContent";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private FakeProvider _provider = null!;
    private TestGateway _gateway = null!;

    /// <summary>Without a bound every model answers 1,000 tokens for one dollar.</summary>
    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _provider = await FakeProvider.StartAsync();
        var clusters = new JsonObject
        {
            ["gpt"] = Cluster("openai"),
            ["old"] = Cluster("deepseek"),
            ["claude"] = Cluster("anthropic"),
            ["flash"] = Cluster("gemini"),
        };
        var prices = new JsonObject();
        foreach (var (model, _) in clusters) prices[model] = new JsonObject { ["InputCostPerToken"] = 0, ["OutputCostPerToken"] = 0.001, ["MaxOutputTokens"] = 1000 };
        clusters["numbers"] = Cluster("openai");
        prices["numbers"] = new JsonObject { ["InputCostPerToken"] = 0.001, ["OutputCostPerToken"] = 0 };
        _gateway = await TestGateway.StartAsync(clusters, new JsonObject { ["Prices"] = prices, ["Routing"] = new JsonObject { ["Retries"] = 0 } });
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        await _gateway.DisposeAsync();
        await _provider.DisposeAsync();
    }

    [TestCase("/v1/chat/completions", """{"model":"gpt","messages":[],"max_tokens":100}""", "the older bound of chats")]
    [TestCase("/v1/chat/completions", """{"model":"gpt","messages":[],"max_completion_tokens":100}""", "the newer bound of chats")]
    [TestCase("/v1/chat/completions", """{"model":"gpt","messages":[],"max_tokens":100,"n":7}""", "seven answers of 100 tokens")]
    [TestCase("/v1/completions", """{"model":"gpt","prompt":["a","b"],"max_tokens":100,"n":2,"best_of":3}""", "six answers of 100 tokens")]
    [TestCase("/v1/completions", """{"model":"gpt","prompt":[1,2,3,4,5,6,7,8,9,10],"max_tokens":100}""", "one prompt told as numbers")]
    [TestCase("/v1/responses", """{"model":"gpt","input":"a","max_output_tokens":100}""", "the bound of responses")]
    [TestCase("/v1/messages", """{"model":"claude","messages":[],"max_tokens":100}""", "the bound of messages")]
    [TestCase("/v1/chat/completions", """{"model":"old","messages":[],"max_tokens":100}""", "the bound that every server knows")]
    [TestCase(Flash, """{"contents":[],"generationConfig":{"maxOutputTokens":100}}""", "Google's bound")]
    [TestCase(Flash, """{"contents":[],"generation_config":{"max_output_tokens":100,"candidate_count":7}}""", "Google's other spelling")]
    public Task A_bound_that_the_provider_obeys_lets_two_calls_in(string path, string body, string why) => ExpectAsync(path, body, fitsTwice: true, why);

    [TestCase("/v1/chat/completions", """{"model":"gpt","messages":[],"max_output_tokens":1}""", "a bound of responses")]
    [TestCase("/v1/chat/completions", """{"model":"gpt","messages":[],"max_tokens":100,"n":"8"}""", "eight answers, told leniently")]
    [TestCase("/v1/chat/completions", """{"model":"gpt","messages":[],"max_tokens":1,"max_completion_tokens":800}""", "the larger one")]
    [TestCase("/v1/chat/completions", """{"model":"gpt","messages":[],"max_tokens":0}""", "nought is no bound")]
    [TestCase("/v1/chat/completions", """{"model":"old","messages":[],"max_completion_tokens":1}""", "a bound that this server passes over")]
    [TestCase("/v1/completions", """{"model":"gpt","prompt":["a","b","c","d"],"max_tokens":100,"best_of":2}""", "eight answers")]
    [TestCase("/v1/completions", """{"model":"gpt","prompt":"a","max_completion_tokens":1}""", "a bound of chats")]
    [TestCase("/v1/responses", """{"model":"gpt","input":"a","max_tokens":1}""", "a bound of chats")]
    [TestCase("/v1/messages", """{"model":"claude","messages":[],"max_completion_tokens":1}""", "a bound of chats")]
    [TestCase("/v1/audio/speech", """{"model":"gpt","input":"a","voice":"b","max_tokens":1}""", "a bound of chats")]
    [TestCase(Flash, """{"contents":[],"max_tokens":1,"maxOutputTokens":1,"max_output_tokens":1}""", "bounds that stand where Google has none")]
    [TestCase(Flash, """{"contents":[],"generationConfig":{"maxOutputTokens":100,"candidateCount":8}}""", "eight answers")]
    [TestCase(Flash, """{"contents":[],"generation_config":{"maxOutputTokens":100,"candidate_count":"8"}}""", "eight answers, in the other spelling")]
    [TestCase(Flash, """{"contents":[],"generationConfig":{"maxOutputTokens":0}}""", "nought is no bound")]
    [TestCase(Flash, """{"contents":[],"generationConfig":{"maxOutputTokens":1},"generation_config":{"max_output_tokens":null}}""", "a bound that is stated twice")]
    [TestCase("/v1/audio/transcriptions", "form", "a bound of chats")]
    public Task A_bound_that_the_provider_passes_over_lowers_nothing(string path, string body, string why) => ExpectAsync(path, body, fitsTwice: false, why);

    /// <summary>A text may be told as the numbers of its tokens, which are as many tokens however they are written.</summary>
    [TestCase("/v1/embeddings", "input", "1", 1000, false)]
    [TestCase("/v1/embeddings", "input", "[1]", 1000, false)]
    [TestCase("/v1/completions", "prompt", "1", 1000, false)]
    [TestCase("/v1/embeddings", "input", "12345", 700, true)]
    public Task A_prompt_of_numbers_holds_a_token_for_each(string path, string field, string number, int count, bool fitsTwice) => ExpectAsync(
        path, $$"""{"model":"numbers","{{field}}":[{{string.Join(',', Enumerable.Repeat(number, count))}}]}""", fitsTwice, "each costs a thousandth of a dollar");

    [Test]
    public async Task A_bound_that_is_told_in_the_words_of_both_sides_is_refused()
    {
        using var client = _gateway.With(await _gateway.CreateKeyAsync());

        using var answer = await client.PostAsync("/v1/responses", new StringContent("""{"model":"old","input":"a","max_output_tokens":1,"max_tokens":800}"""));

        (answer.StatusCode, await answer.Content.ReadAsStringAsync()).Should().Match<(HttpStatusCode Status, string Body)>(
            refused => refused.Status == HttpStatusCode.BadRequest && refused.Body.Contains("max_tokens"));
    }

    private async Task ExpectAsync(string path, string body, bool fitsTwice, string why)
    {
        var (arrived, end) = (new SemaphoreSlim(0), new TaskCompletionSource());
        _provider.Answer = async (context, _) =>
        {
            arrived.Release();
            await end.Task.WaitAsync(Limit);
            await FakeProvider.Json(context, "{}", 400);
        };
        using var client = _gateway.With(await _gateway.CreateKeyAsync(new() { ["max_budget"] = 1.5 }));
        var first = client.PostAsync(path, Content(body));
        (await arrived.WaitAsync(Limit)).Should().BeTrue();

        // Who does not fit is to be told soon.
        if (!fitsTwice) client.DefaultRequestHeaders.Add("x-litellm-timeout", "0.3");
        var second = client.PostAsync(path, Content(body));
        var isIn = arrived.WaitAsync(Limit);
        await Task.WhenAny(isIn, second);
        end.SetResult();

        (isIn.IsCompleted, (await second).StatusCode == HttpStatusCode.TooManyRequests).Should().Be((fitsTwice, !fitsTwice), why);
        (await first).StatusCode.Should().Be(HttpStatusCode.BadRequest);
    }

    private static HttpContent Content(string body) => body != "form"
        ? new StringContent(body)
        : new MultipartFormDataContent { { new StringContent("gpt"), "\"model\"" }, { new StringContent("1"), "\"max_tokens\"" }, { new ByteArrayContent(Encoding.ASCII.GetBytes("sound")), "\"file\"", "\"a.mp3\"" } };

    private JsonObject Cluster(string provider) => TestClusters.Cluster(
        $"{_provider.Address}v1", new JsonObject { ["Provider"] = provider, ["ApiKey"] = TestClusters.FakeProviderKey });
}
