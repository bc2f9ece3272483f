using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Anthropic;
using Anthropic.Models.Messages;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Gateway;

/// <summary>Clients that speak Anthropic's Messages API, through to a provider that does.</summary>
internal sealed class AnthropicTests
{
    private const string Asked = """{"model":"claude","max_tokens":64,"system":"Be brief.","messages":[{"role":"user","content":"Hi"}],"stream":false}""";
    private ScriptedProvider _scripted = null!;
    private FakeProvider _provider = null!;
    private TestGateway _gateway = null!;
    private HttpClient _client = null!;
    private string _key = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _provider = await FakeProvider.StartAsync();
        _scripted = new ScriptedProvider();
        _gateway = await TestGateway.StartAsync(
            new JsonObject
            {
                ["claude"] = Cluster(_provider.Address, "anthropic"),
                ["scripted"] = Cluster(_scripted.Address, "anthropic"),
                ["gpt"] = Cluster(_provider.Address, "openai"),
            },
            new JsonObject { ["Routing"] = new JsonObject { ["Retries"] = 0 } });
        _key = await _gateway.CreateKeyAsync();
        _client = _gateway.With(key: null);
        _client.DefaultRequestHeaders.Add("x-api-key", _key);
    }

    [TearDown]
    public async Task StopAsync()
    {
        _client.Dispose();
        await _gateway.DisposeAsync();
        await _scripted.DisposeAsync();
        await _provider.DisposeAsync();
    }

    [TestCase("/v1/messages")]
    [TestCase("/messages")]
    public async Task A_message_passes_byte_for_byte_and_is_billed_with_its_cache(string path)
    {
        var answer = AnthropicBodies.Message("Hello ✓");
        _provider.Answer = (context, _) => FakeProvider.Json(context, answer);

        using var response = await PostAsync(Asked, path);

        (response.StatusCode, await response.Content.ReadAsStringAsync()).Should().Be((HttpStatusCode.OK, answer));
        var call = _provider.Calls.Single();
        (call.Path, call.Body, call.Headers["x-api-key"], call.Headers["anthropic-version"]).Should().Be(("/v1/messages", Asked, TestClusters.FakeProviderKey, "2023-06-01"));
        call.Headers.Should().NotContainKey("Authorization");
        (await _gateway.QueryAsync<string>("select input_tokens || ' ' || cache_write_tokens || ' ' || cached_input_tokens || ' ' || output_tokens from spend_log")).Should().Equal("10 20 30 5");
    }

    [Test]
    public async Task A_stream_passes_byte_for_byte()
    {
        var stream = AnthropicBodies.Stream("Hel", "lo ✓");
        _scripted.Answer = _ => new ProviderScript { Body = Encoding.UTF8.GetBytes(stream) };

        using var response = await PostAsync("""{"model":"scripted","stream":true}""");

        (await response.Content.ReadAsStringAsync()).Should().Be(stream);
        (await _gateway.LedgerAsync()).Single().Should().BeEquivalentTo(new { Outcome = "Success", Tokens = 65L, IsEstimated = false });
    }

    [Test]
    public async Task Cut_at_any_byte_it_is_the_whole_answer_or_an_error_event()
    {
        var stream = Encoding.UTF8.GetBytes(AnthropicBodies.Stream("Hello"));
        _scripted.Answer = body => new ProviderScript { Body = stream, End = BodyEnd.Close, CutAt = JsonNode.Parse(body)!["cut"]!.GetValue<int>() };

        await Parallel.ForAsync(0, stream.Length + 1, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (cut, _) =>
        {
            using var response = await PostAsync($$"""{"model":"scripted","stream":true,"cut":{{cut}}}""");
            var (body, isWhole) = await response.ReadAsFarAsItGoesAsync();
            if (!response.IsSuccessStatusCode)
            {
                JsonNode.Parse(body)!["type"]!.GetValue<string>().Should().Be("error");
                return;
            }

            body.EndsWith("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n", StringComparison.Ordinal).Should().Be(isWhole, "cut at {0}", cut);
            body.Contains("event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":").Should().Be(!isWhole, "cut at {0}", cut);
        });

        (await _gateway.LedgerAsync()).Count.Should().Be(stream.Length + 1);
    }

    [Test]
    public async Task An_error_event_of_the_provider_ends_the_stream_once()
    {
        var stream = AnthropicBodies.Event("message_start", AnthropicBodies.Start) + AnthropicBodies.Event("error", AnthropicBodies.Error("Overloaded", "overloaded_error")) + AnthropicBodies.Stream("x");
        _scripted.Answer = _ => new ProviderScript { Body = Encoding.UTF8.GetBytes(stream) };

        using var response = await PostAsync("""{"model":"scripted","stream":true}""");
        var (body, isWhole) = await response.ReadAsFarAsItGoesAsync();

        (body.Split("event: error").Length, isWhole).Should().Be((2, false));
        body.Should().Contain("Overloaded").And.NotContain("message_stop");
    }

    [Test]
    public async Task A_stream_that_ends_before_it_tells_its_output_is_billed_for_what_came_of_it([Values("untold", "told")] string end)
    {
        var tells = end == "told" ? AnthropicBodies.Event("message_delta", """{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":5}}""") : "";
        var stream = AnthropicBodies.Event("message_start", AnthropicBodies.Start)
            + AnthropicBodies.Event("content_block_start", """{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}""")
            + AnthropicBodies.Delta(new string('x', 4000)) + tells;
        _scripted.Answer = _ => new ProviderScript { Body = Encoding.UTF8.GetBytes(stream) };

        using var response = await PostAsync("""{"model":"scripted","stream":true}""");
        (await response.ReadAsFarAsItGoesAsync()).IsWhole.Should().BeFalse();

        var row = (await _gateway.LedgerAsync()).Single();
        (row.Tokens, row.IsEstimated).Should().Be(end == "told" ? (65, false) : (1060, true));
    }

    [Test]
    public async Task Counting_tokens_costs_nothing()
    {
        _provider.Answer = (context, _) => FakeProvider.Json(context, """{"input_tokens": 2095}""");

        using var response = await PostAsync(Asked, "/v1/messages/count_tokens");

        (await response.Content.ReadAsStringAsync()).Should().Be("""{"input_tokens": 2095}""");
        _provider.Calls.Single().Path.Should().Be("/v1/messages/count_tokens");
        (await _gateway.LedgerAsync()).Single().Should().BeEquivalentTo(new { Outcome = "Success", Cost = 0L, Tokens = 0L });
    }

    [Test]
    public async Task Refusals_have_the_shape_of_the_api_that_was_called()
    {
        using var unsaid = await PostAsync(Asked.Replace("claude", "gpt").Replace("\"system\"", "\"mcp_servers\""));
        using var wrongModel = await PostAsync(Asked.Replace("claude", "none"));
        using var other = await PostAsync("""{"model":"claude","input":"x"}""", "/v1/embeddings");
        var refused = JsonNode.Parse(await unsaid.Content.ReadAsStringAsync())!;

        (unsaid.StatusCode, refused["type"]!.GetValue<string>(), refused["error"]!["type"]!.GetValue<string>()).Should().Be((HttpStatusCode.BadRequest, "error", "invalid_request_error"));
        refused["error"]!["message"]!.GetValue<string>().Should().StartWith("'mcp_servers' cannot be carried over to OpenAI's API");
        wrongModel.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        (await other.Content.ReadAsStringAsync()).Should().Contain("cannot be called with /embeddings of OpenAI's API").And.Contain("\"code\":\"400\"");
        _provider.Calls.Should().BeEmpty();
    }

    [Test]
    public async Task The_providers_refusal_passes_as_it_is()
    {
        var error = AnthropicBodies.Error("max_tokens: Field required", "invalid_request_error");
        _provider.Answer = (context, _) => FakeProvider.Json(context, error, 400);

        using var response = await PostAsync(Asked);

        ((int)response.StatusCode, await response.Content.ReadAsStringAsync()).Should().Be((400, error));
    }

    [TestCase("""{"user_id":"u-1"}""", true)]
    [TestCase("""{"user_id":"u-1","tags":["a"]}""", false)]
    public async Task Metadata_goes_on_when_it_is_the_providers(string metadata, bool isPassed)
    {
        using var response = await PostAsync($$"""{"model":"claude","metadata":{{metadata}},"num_retries":1}""");

        _provider.Calls.Single().Json.Select(field => field.Key).Should().Equal(isPassed ? ["model", "metadata"] : ["model"]);
    }

    [Test]
    public async Task The_official_sdk_gets_its_answer_whole_and_streamed()
    {
        _provider.Answer = (context, call) =>
        {
            if (call.Json["stream"]?.GetValue<bool>() != true) return FakeProvider.Json(context, AnthropicBodies.Message("Hello!"));
            context.Response.ContentType = "text/event-stream";
            return context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(AnthropicBodies.Stream("Hel", "lo!"))).AsTask();
        };
        using var client = new AnthropicClient { ApiKey = _key, BaseUrl = _gateway.Address.ToString().TrimEnd('/') };
        var parameters = new MessageCreateParams { Model = "claude", MaxTokens = 64, Messages = [new UserMessageParam { Content = "Hi" }] };

        var message = await client.Messages.Create(parameters);
        var events = 0;
        await foreach (var _ in client.Messages.CreateStreaming(parameters)) events++;

        message.Usage.OutputTokens.Should().Be(5);
        events.Should().BeGreaterThan(5);
    }

    [Test]
    public async Task The_official_sdk_never_takes_a_cut_stream_for_a_whole_one()
    {
        var stream = Encoding.UTF8.GetBytes(AnthropicBodies.Stream("Hel", "lo ✓"));
        using var client = new AnthropicClient { ApiKey = _key, BaseUrl = _gateway.Address.ToString().TrimEnd('/'), MaxRetries = 0 };
        var parameters = new MessageCreateParams { Model = "scripted", MaxTokens = 64, Messages = [new UserMessageParam { Content = "Hi" }] };
        var whole = 0;

        for (var cut = 0; cut <= stream.Length; cut++)
        {
            _scripted.Answer = _ => new ProviderScript { Body = stream, End = BodyEnd.Close, CutAt = cut };
            var isStopped = false;
            var isError = false;
            try
            {
                await foreach (var message in client.Messages.CreateStreaming(parameters)) isStopped |= message.Type.ToString().Contains("message_stop");
            }
            catch (Exception exception) when (exception is not AssertionException)
            {
                isError = true;
            }

            (isStopped ^ isError).Should().BeTrue("cut at {0} it was {1}", cut, isStopped ? "whole and an error" : "neither whole nor an error");
            if (isStopped) whole++;
        }

        var rows = await _gateway.LedgerAsync();
        (rows.Count, rows.Count(row => row.Outcome == "Success")).Should().Be((stream.Length + 1, whole));
        whole.Should().BeGreaterThan(0);
    }

    private static JsonObject Cluster(Uri provider, string name) => TestClusters.Cluster(
        $"{provider}v1", new JsonObject { ["Provider"] = name, ["ApiKey"] = TestClusters.FakeProviderKey });

    private Task<HttpResponseMessage> PostAsync(string body, string path = "/v1/messages") => _client.SendAsync(
        new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") }, HttpCompletionOption.ResponseHeadersRead);
}
