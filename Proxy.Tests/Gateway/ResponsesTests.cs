using System.ClientModel;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using OpenAI.Responses;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Gateway;

/// <summary>OpenAI's Responses API, through to providers that speak it.</summary>
internal sealed class ResponsesTests
{
    private const string Asked = """{"model":"gpt","instructions":"Be brief.","input":"Hi","metadata":{"a":"b"}}""";
    private ScriptedProvider _scripted = null!;
    private FakeProvider _provider = null!;
    private TestGateway _gateway = null!;
    private HttpClient _client = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _provider = await FakeProvider.StartAsync();
        _scripted = new ScriptedProvider();
        _gateway = await TestGateway.StartAsync(
            new JsonObject
            {
                ["gpt"] = TestClusters.Cluster($"{_provider.Address}v1"),
                ["azure"] = TestClusters.Cluster(_provider.Address.ToString().TrimEnd('/'), new JsonObject { ["Provider"] = "azure", ["Deployment"] = "eu", ["ApiVersion"] = "2025-04-01-preview" }),
                ["claude"] = TestClusters.Cluster($"{_provider.Address}v1", new JsonObject { ["Provider"] = "anthropic" }),
                ["scripted-claude"] = TestClusters.Cluster($"{_scripted.Address}v1", new JsonObject { ["Provider"] = "anthropic" }),
                ["scripted"] = TestClusters.Cluster($"{_scripted.Address}v1"),
            },
            new JsonObject { ["Routing"] = new JsonObject { ["Retries"] = 0 } });
        _client = _gateway.With(await _gateway.CreateKeyAsync());
    }

    [TearDown]
    public async Task StopAsync()
    {
        _client.Dispose();
        await _gateway.DisposeAsync();
        await _scripted.DisposeAsync();
        await _provider.DisposeAsync();
    }

    [TestCase("/v1/responses")]
    [TestCase("/responses")]
    public async Task A_response_passes_byte_for_byte_and_is_billed_with_its_parts(string path)
    {
        _provider.Answer = (context, _) => FakeProvider.Json(context, ResponseBodies.Response("Hello ✓"));

        using var response = await PostAsync(Asked, path);

        (response.StatusCode, await response.Content.ReadAsStringAsync()).Should().Be((HttpStatusCode.OK, ResponseBodies.Response("Hello ✓")));
        (_provider.Calls.Single().Path, _provider.Calls.Single().Body).Should().Be(("/v1/responses", Asked));
        (await _gateway.QueryAsync<string>("select input_tokens || ' ' || cached_input_tokens || ' ' || output_tokens || ' ' || reasoning_tokens || ' ' || call_type from spend_log")).Should().Equal("30 6 80 7 aresponses");
    }

    /// <summary>Their usage would come with an answer that is fetched later.</summary>
    [TestCase("\"background\":true")]
    [TestCase("\"back\\u0067round\":true")]
    [TestCase("\"background\":\"true\"")]
    [TestCase("\"background\":false,\"background\":true")]
    public async Task A_response_in_the_background_is_refused(string field)
    {
        using var response = await PostAsync($$"""{"model":"gpt","input":"Hi",{{field}}}""");

        response.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        (await response.Content.ReadAsStringAsync()).Should().Contain("'background'");
        _provider.Calls.Should().BeEmpty();
    }

    [Test]
    public async Task At_Azure_the_deployment_stands_in_the_body()
    {
        string? query = null;
        _provider.Answer = (context, _) =>
        {
            query = context.Request.QueryString.Value;
            return FakeProvider.Json(context, ResponseBodies.Response("x"));
        };

        using var response = await PostAsync(Asked.Replace("\"gpt\"", "\"azure\""));

        (_provider.Calls.Single().Path, query, _provider.Calls.Single().Json["model"]!.GetValue<string>()).Should().Be(("/openai/responses", "?api-version=2025-04-01-preview", "eu"));
    }

    [TestCase("response.completed", 0)]
    [TestCase("response.incomplete", 200_000)]
    public async Task A_stream_passes_byte_for_byte_however_long_its_last_event_is(string last, int instructions)
    {
        var stream = ResponseBodies.Stream(last, new string('i', instructions), "One", ", two ✓");
        _scripted.Answer = _ => new ProviderScript { Body = Encoding.UTF8.GetBytes(stream) };

        using var response = await PostAsync("""{"model":"scripted","input":"x","stream":true}""");

        (await response.Content.ReadAsStringAsync()).Should().Be(stream);
        (await _gateway.LedgerAsync()).Single().Should().BeEquivalentTo(new { Outcome = "Success", Tokens = 123L, IsEstimated = false });
    }

    [Test]
    public async Task Cut_at_any_byte_it_is_the_whole_answer_or_an_error_event_with_the_next_number()
    {
        var stream = Encoding.UTF8.GetBytes(ResponseBodies.Stream("response.completed", "", "One", ", two ✓"));
        _scripted.Answer = body => new ProviderScript { Body = stream, End = BodyEnd.Close, CutAt = JsonNode.Parse(body)!["cut"]!.GetValue<int>() };
        var cuts = Enumerable.Range(0, stream.Length + 1).Where(cut => cut % 5 == 0 || cut == stream.Length).ToList();

        foreach (var cut in cuts)
        {
            using var response = await PostAsync($$"""{"model":"scripted","stream":true,"input":"x","cut":{{cut}}}""");
            var (body, isWhole) = await response.ReadAsFarAsItGoesAsync();
            if (!response.IsSuccessStatusCode)
            {
                JsonNode.Parse(body)!["error"]!["message"].Should().NotBeNull();
                continue;
            }

            body.Contains("event: response.completed", StringComparison.Ordinal).Should().Be(isWhole, "cut at {0}", cut);
            body.Contains("event: error\ndata: {\"type\":\"error\",\"sequence_number\":", StringComparison.Ordinal).Should().Be(!isWhole, "cut at {0}", cut);
            var numbers = body.Split("\"sequence_number\":")[1..].Select(rest => int.Parse(rest[..rest.IndexOf(',')]));
            numbers.Should().Equal(Enumerable.Range(0, numbers.Count()), "cut at {0}", cut);
        }

        (await _gateway.LedgerAsync()).Count.Should().Be(cuts.Count);
    }

    [Test]
    public async Task Cut_at_any_byte_the_official_sdk_has_the_whole_answer_or_an_error()
    {
        var stream = Encoding.UTF8.GetBytes(ResponseBodies.Stream("response.completed", "", "One", ", two ✓"));
        _scripted.Answer = body => new ProviderScript { Body = stream, CutAt = int.Parse(JsonNode.Parse(body)!["instructions"]!.GetValue<string>(), CultureInfo.InvariantCulture) };
#pragma warning disable OPENAI001 // The client is for evaluation only, says its author.
        var client = new ResponsesClient(new ApiKeyCredential(_client.DefaultRequestHeaders.Authorization!.Parameter!), new ResponsesClientOptions
        {
            Endpoint = new Uri(_gateway.Address, "v1"),
            RetryPolicy = new System.ClientModel.Primitives.ClientRetryPolicy(maxRetries: 0),
        });
        var whole = 0;

        await Parallel.ForAsync(0, stream.Length + 1, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (cut, _) =>
        {
            var (words, isCompleted, isError) = (new StringBuilder(), false, false);
            try
            {
                var options = new CreateResponseOptions { Model = "scripted", Instructions = cut.ToString(CultureInfo.InvariantCulture), StreamingEnabled = true };
                options.InputItems.Add(ResponseItem.CreateUserMessageItem("Hi"));
                await foreach (var update in await client.CreateResponseStreamingAsync(options))
                {
                    if (update is StreamingResponseOutputTextDeltaUpdate delta) words.Append(delta.Delta);
                    isCompleted |= update is StreamingResponseCompletedUpdate;
                    isError |= update is StreamingResponseErrorUpdate;
                }
            }
            catch (Exception exception) when (exception is ClientResultException or JsonException or IOException or HttpRequestException)
            {
                isError = true;
            }

            (isCompleted ^ isError).Should().BeTrue("cut at {0}", cut);
            if (!isCompleted) return;

            words.ToString().Should().Be("One, two ✓", "cut at {0}", cut);
            Interlocked.Increment(ref whole);
        });
#pragma warning restore OPENAI001

        var rows = await _gateway.LedgerAsync();
        (rows.Count, rows.Count(row => row.Outcome == "Success")).Should().Be((stream.Length + 1, whole));
        whole.Should().BeGreaterThan(0);
    }

    [Test]
    public async Task A_response_that_failed_ends_in_one_error_event()
    {
        var stream = ResponseBodies.Event("response.created", """{"type":"response.created","sequence_number":0,"response":{"id":"resp_1","error":null}}""")
            + ResponseBodies.Event("response.failed", """{"type":"response.failed","sequence_number":1,"response":{"id":"resp_1","status":"failed","error":{"code":"server_error","message":"Boom"}}}""");
        _scripted.Answer = _ => new ProviderScript { Body = Encoding.UTF8.GetBytes(stream) };

        using var response = await PostAsync("""{"model":"scripted","input":"x","stream":true}""");
        var (body, isWhole) = await response.ReadAsFarAsItGoesAsync();

        (body.Split("event: error").Length, isWhole).Should().Be((2, false));
        body.Should().Contain("Boom").And.Contain("\"sequence_number\":1,");
        (await _gateway.LedgerAsync()).Single().Outcome.Should().Be("Failure");
    }

    [Test]
    public async Task At_a_provider_of_Messages_it_is_translated_and_billed()
    {
        _provider.Answer = (context, _) => FakeProvider.Json(context, AnthropicBodies.Message("Hello ✓"));

        using var response = await PostAsync(Asked.Replace("\"gpt\"", "\"claude\""));
        var answer = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;

        (answer["status"]!.GetValue<string>(), answer["output"]![0]!["content"]![0]!["text"]!.GetValue<string>()).Should().Be(("completed", "Hello ✓"));
        _provider.Calls.Single().Path.Should().Be("/v1/messages");
        (await _gateway.LedgerAsync()).Single().Should().BeEquivalentTo(new { Outcome = "Success", Tokens = 65L });
    }

    [Test]
    public async Task A_translated_stream_that_is_cut_ends_in_the_next_event_in_number()
    {
        _scripted.Answer = _ => new ProviderScript { Body = Encoding.UTF8.GetBytes(AnthropicBodies.Stream("One", "two")), End = BodyEnd.Close, CutAt = 900 };

        using var response = await PostAsync("""{"model":"scripted-claude","input":"x","stream":true}""");
        var (body, isWhole) = await response.ReadAsFarAsItGoesAsync();

        isWhole.Should().BeFalse();
        body.Should().Contain("event: response.created").And.NotContain("response.completed").And.Contain("event: error\ndata: {\"type\":\"error\",\"sequence_number\":");
        var numbers = body.Split("\"sequence_number\":")[1..].Select(rest => int.Parse(rest[..rest.IndexOf(',')]));
        numbers.Should().Equal(Enumerable.Range(0, numbers.Count()));
    }

    private Task<HttpResponseMessage> PostAsync(string body, string path = "/v1/responses") => _client.SendAsync(
        new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") }, HttpCompletionOption.ResponseHeadersRead);
}
