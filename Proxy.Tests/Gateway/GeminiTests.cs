using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Host.Answers;
using Proxy.Host.Providers.Gemini;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Gateway;

/// <summary>Clients of Google's own API, at Google: byte for byte, with the key where they put it.</summary>
[FixtureLifeCycle(LifeCycle.SingleInstance)]
internal sealed class GeminiTests
{
    private const string Asked = """{"contents":[{"role":"user","parts":[{"text":"Hi"}]}],"generationConfig":{"maxOutputTokens":50}}""";

    private const string Answer = """
        {"candidates":[{"content":{"role":"model","parts":[{"text":"Hello!"}]},"finishReason":"STOP","index":0}],
        "usageMetadata":{"promptTokenCount":100,"cachedContentTokenCount":20,"candidatesTokenCount":7,"thoughtsTokenCount":3,"totalTokenCount":110,
        "promptTokensDetails":[{"modality":"TEXT","tokenCount":90},{"modality":"AUDIO","tokenCount":10}]},"modelVersion":"gemini-2.5-flash"}
        """;

    private const string First = """{"candidates":[{"content":{"role":"model","parts":[{"text":"Hel"}]},"index":0}],"usageMetadata":{"promptTokenCount":100,"totalTokenCount":100}}""";

    /// <summary>Of <see cref="Answer"/>, in 10⁻¹² dollars.</summary>
    private const long Cost = (long)(((70 * 0.001m) + (20 * 0.0001m) + (10 * 0.01m) + (10 * 0.002m)) * 1_000_000_000_000);

    private FakeProvider _provider = null!;
    private TestGateway _gateway = null!;
    private string _key = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _provider = await FakeProvider.StartAsync();
        var clusters = new JsonObject
        {
            ["flash"] = TestClusters.Cluster($"{_provider.Address}v1beta/openai", new JsonObject { ["Provider"] = "gemini", ["Model"] = "gemini-2.5-flash", ["ApiKey"] = TestClusters.FakeProviderKey }),
            ["gpt"] = TestClusters.Cluster($"{_provider.Address}v1"),
        };
        var price = new JsonObject { ["InputCostPerToken"] = 0.001, ["CachedInputCostPerToken"] = 0.0001, ["AudioInputCostPerToken"] = 0.01, ["OutputCostPerToken"] = 0.002 };
        _gateway = await TestGateway.StartAsync(clusters, new JsonObject { ["Prices"] = new JsonObject { ["flash/first"] = price }, ["Routing"] = new JsonObject { ["Retries"] = 0 } });
        _key = await _gateway.CreateKeyAsync();
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        await _gateway.DisposeAsync();
        await _provider.DisposeAsync();
    }

    [SetUp]
    public void Forget() => _provider.Calls.Clear();

    [TestCase("/v1beta/models/flash:generateContent")]
    [TestCase("/models/flash:generateContent")]
    public async Task A_call_goes_on_as_it_is_and_is_billed(string path)
    {
        _provider.Answer = (context, _) => FakeProvider.Json(context, Answer);

        var (status, text) = await PostAsync(path, Asked);

        (status, text).Should().Be((HttpStatusCode.OK, Answer));
        var call = _provider.Calls.Single();
        (call.Path, call.Body).Should().Be(("/v1beta/models/gemini-2.5-flash:generateContent", Asked));
        call.Headers["x-goog-api-key"].Should().Be(TestClusters.FakeProviderKey);
        call.Headers.Should().NotContainKey("Authorization");
        var row = await LastAsync();
        (row.Outcome, row.Model, row.Cost, row.IsEstimated).Should().Be(("Success", "flash", Cost, false));
    }

    [Test]
    public async Task The_key_may_stand_in_the_query_of_this_api_alone()
    {
        _provider.Answer = (context, _) => FakeProvider.Json(context, Answer);
        using var client = _gateway.With(null);

        using var response = await client.PostAsync($"/v1beta/models/flash:generateContent?key={_key}", new StringContent(Asked));
        using var unknown = await client.PostAsync("/v1beta/models/flash:generateContent?key=sk-unknown", new StringContent(Asked));
        using var elsewhere = await client.PostAsync($"/v1/chat/completions?key={_key}", new StringContent("""{"model":"gpt","messages":[]}"""));

        response.StatusCode.Should().Be(HttpStatusCode.OK);
        (unknown.StatusCode, elsewhere.StatusCode).Should().Be((HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized));
        (await unknown.Content.ReadAsStringAsync()).Should().Contain("\"status\":\"UNAUTHENTICATED\"");
        _provider.Calls.Should().ContainSingle();
    }

    [Test]
    public async Task A_stream_is_billed_by_its_last_piece()
    {
        _provider.Answer = (context, _) => FakeProvider.Stream(context, First, Answer.ReplaceLineEndings(""));

        var (_, text) = await PostAsync("/v1beta/models/flash:streamGenerateContent?alt=sse", Asked);

        text.Should().Be($"data: {First}\n\ndata: {Answer.ReplaceLineEndings("")}\n\n");
        _provider.Calls.Single().Path.Should().Be("/v1beta/models/gemini-2.5-flash:streamGenerateContent");
        var row = await LastAsync();
        (row.Outcome, row.Cost).Should().Be(("Success", Cost));
    }

    [Test]
    public async Task A_stream_that_ends_too_soon_says_so()
    {
        _provider.Answer = (context, _) => FakeProvider.Stream(context, First);
        using var client = _gateway.With(_key);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1beta/models/flash:streamGenerateContent?alt=sse") { Content = new StringContent(Asked) };
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);

        var (text, isWhole) = await response.ReadAsFarAsItGoesAsync();

        isWhole.Should().BeFalse();
        text.Should().StartWith($"data: {First}").And.Contain("\"status\":\"INTERNAL\"");
        (await LastAsync()).Should().BeEquivalentTo(new { Outcome = "Incomplete", Tokens = 101L, IsEstimated = true }, "its first piece told the prompt alone");
    }

    [Test]
    public async Task All_candidates_come_to_their_end_and_usage_may_come_behind_it()
    {
        string[] pieces =
        [
            """{"candidates":[{"content":{"parts":[{"text":"a"}]},"index":0}]}""",
            """{"candidates":[{"content":{"parts":[{"text":"b"}]},"index":1}]}""",
            """{"candidates":[{"content":{"parts":[{"text":"c"}]},"finishReason":"STOP","index":0}]}""",
            """{"candidates":[{"content":{"parts":[{"text":"d"}]},"finishReason":"STOP","index":1}]}""",
            Answer.ReplaceLineEndings("").Replace("\"candidates\"", "\"others\""),
        ];
        _provider.Answer = (context, _) => FakeProvider.Stream(context, pieces);

        var (_, text) = await PostAsync("/v1beta/models/flash:streamGenerateContent?alt=sse", Asked);

        text.Should().Be(string.Concat(pieces.Select(piece => $"data: {piece}\n\n")));
        var row = await LastAsync();
        (row.Outcome, row.Cost).Should().Be(("Success", Cost));
    }

    [Test]
    public async Task Counting_tokens_costs_nothing()
    {
        _provider.Answer = (context, _) => FakeProvider.Json(context, """{"totalTokens":31}""");

        (await PostAsync("/v1beta/models/flash:countTokens", """{"model":"models/flash","contents":[]}""")).Text.Should().Be("""{"totalTokens":31}""");
        _provider.Calls.Single().Body.Should().Be("""{"model":"models/gemini-2.5-flash","contents":[]}""");
        (await LastAsync()).Cost.Should().Be(0);
    }

    [TestCase("/v1beta/models/gpt:generateContent", Asked, "cannot be called")]
    [TestCase("/v1beta/models/other:generateContent", Asked, "Invalid model name")]
    [TestCase("/v1beta/models/flash:streamGenerateContent", Asked, "alt=sse")]
    [TestCase("/v1beta/models/flash:generateContent", """{"contents":[],"contents":[]}""", "twice")]
    [TestCase("/v1beta/models/flash:generateContent", """{"contents":[],"api_base":"http://x"}""", "not allowed")]
    public async Task What_cannot_be_served_is_refused_in_the_words_of_this_api(string path, string body, string sentence)
    {
        var (status, text) = await PostAsync(path, body);

        status.Should().Be(HttpStatusCode.BadRequest);
        text.Should().Contain(sentence).And.Contain("\"status\":\"INVALID_ARGUMENT\"").And.Contain("\"code\":400");
        _provider.Calls.Should().BeEmpty();
    }

    [Test]
    public async Task A_providers_refusal_reaches_the_client()
    {
        const string Refusal = """{"error":{"code":429,"message":"Quota exceeded.","status":"RESOURCE_EXHAUSTED"}}""";
        _provider.Answer = (context, _) => FakeProvider.Json(context, Refusal, 429);

        (await PostAsync("/v1beta/models/flash:generateContent", Asked)).Should().Be(((HttpStatusCode)429, Refusal));
    }

    [Test]
    public async Task Clients_of_OpenAIs_API_still_go_where_that_is_spoken()
    {
        _provider.Answer = (context, _) => FakeProvider.Json(context, OpenAiBodies.Chat("Hello!"));

        (await PostAsync("/v1/chat/completions", """{"model":"flash","messages":[]}""")).Status.Should().Be(HttpStatusCode.OK);
        var call = _provider.Calls.Single();
        (call.Path, call.Headers["Authorization"]).Should().Be(("/v1beta/openai/chat/completions", $"Bearer {TestClusters.FakeProviderKey}"));
    }

    [Test]
    public void Each_cut_of_a_streams_event_is_told_from_its_end()
    {
        var events = Encoding.UTF8.GetBytes($"data: {First}\n\ndata: {Answer.ReplaceLineEndings("")}\n\n");
        for (var length = 0; length <= events.Length; length++)
        {
            var digest = new AnswerDigest();
            using var reader = new GeminiStream(digest);
            using var buffer = new EventBuffer(reader);
            var pipe = new System.IO.Pipelines.Pipe();
            for (var at = 0; at < length; at++)
            {
                buffer.Free().Span[0] = events[at];
                buffer.Advance(1, pipe.Writer);
            }

            buffer.Finish();
            (buffer.HasEnded, buffer.Fault).Should().Be((length == events.Length, null), "{0} bytes came", length);
        }
    }

    private async Task<LedgerRow> LastAsync() => (await _gateway.LedgerAsync())[^1];

    private async Task<(HttpStatusCode Status, string Text)> PostAsync(string path, string body)
    {
        using var client = _gateway.With(null);
        client.DefaultRequestHeaders.Add("x-goog-api-key", _key);
        using var response = await client.PostAsync(path, new StringContent(body));
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }
}
