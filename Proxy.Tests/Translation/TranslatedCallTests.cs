using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Host.Models;
using Proxy.Tests.Gateway;
using Proxy.Tests.Logging;
using Proxy.Tests.Providers;
using Yarp.ReverseProxy.Configuration;

namespace Proxy.Tests.Translation;

/// <summary>Translated calls on their way through the gateway: billed and logged from the provider's words, told in the client's.</summary>
internal sealed class TranslatedCallTests
{
    private const string Chat = """{"model":"claude","max_tokens":64,"messages":[{"role":"user","content":"Hi"}]}""";
    private const string Message = """{"model":"gpt","max_tokens":64,"messages":[{"role":"user","content":"Hi"}]}""";
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
                ["claude"] = Cluster(_provider.Address, "anthropic"),
                ["gpt"] = Cluster(_provider.Address, "openai"),
                ["azure"] = Cluster(_provider.Address, "azure"),
                ["responses"] = Cluster(_provider.Address, "openai", "responses"),
                ["azure-responses"] = Cluster(_provider.Address, "azure", "responses"),
                ["scripted-responses"] = Cluster(_scripted.Address, "openai", "responses"),
                ["scripted-claude"] = Cluster(_scripted.Address, "anthropic"),
                ["scripted-gpt"] = Cluster(_scripted.Address, "openai"),
                ["mixed"] = new JsonObject
                {
                    ["Destinations"] = new JsonObject { ["a"] = Destination(_provider.Address, "anthropic", order: 1), ["b"] = Destination(_provider.Address, "openai", order: 2) },
                },
                ["demo"] = Cluster(new Uri("http://demo.invalid/"), "demo"),
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

    [Test]
    public async Task A_chat_at_Anthropic_is_answered_and_billed_with_its_cache()
    {
        _provider.Answer = (context, _) => FakeProvider.Json(context, AnthropicBodies.Message("Hello ✓"));

        using var response = await PostAsync("/v1/chat/completions", Chat);
        var answer = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;

        (response.StatusCode, answer["choices"]![0]!["message"]!["content"]!.GetValue<string>()).Should().Be((HttpStatusCode.OK, "Hello ✓"));
        response.Headers.GetValues("x-litellm-model-id").Should().Equal("claude/first");
        response.Headers.Contains("x-litellm-dropped-params").Should().BeFalse();
        response.Content.Headers.ContentType!.MediaType.Should().Be("application/json");
        var call = _provider.Calls.Single();
        (call.Path, call.Headers["x-api-key"], call.Headers["anthropic-version"]).Should().Be(("/v1/messages", TestClusters.FakeProviderKey, "2023-06-01"));
        TestTranslation.ShouldBe(call.Json, Chat);
        (await _gateway.QueryAsync<string>("select input_tokens || ' ' || cache_write_tokens || ' ' || cached_input_tokens || ' ' || output_tokens || ' ' || provider from spend_log"))
            .Should().Equal("10 20 30 5 anthropic");
    }

    [TestCase("gpt", "/v1/chat/completions", "authorization")]
    [TestCase("azure", "/openai/v1/chat/completions", "api-key")]
    public async Task A_message_at_OpenAI_is_answered_and_billed(string model, string path, string header)
    {
        _provider.Answer = (context, _) => FakeProvider.Json(context, OpenAiBodies.Chat("Hello ✓", cached: 3));

        using var response = await PostAsync("/v1/messages", Message.Replace("gpt", model));
        var answer = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;

        (answer["type"]!.GetValue<string>(), answer["content"]![0]!["text"]!.GetValue<string>(), answer["stop_reason"]!.GetValue<string>()).Should().Be(("message", "Hello ✓", "end_turn"));
        TestTranslation.ShouldBe(answer["usage"], """{"input_tokens":6,"cache_creation_input_tokens":0,"cache_read_input_tokens":3,"output_tokens":4}""");
        (_provider.Calls.Single().Path, _provider.Calls.Single().Headers.ContainsKey(header)).Should().Be((path, true));
        (await _gateway.LedgerAsync()).Single().Should().BeEquivalentTo(new { Outcome = "Success", Tokens = 13L, IsEstimated = false });
    }

    [TestCase("responses", "/v1/responses", "authorization")]
    [TestCase("azure-responses", "/openai/v1/responses", "api-key")]
    public async Task A_chat_or_a_message_at_a_provider_of_responses_is_answered_and_billed(string model, string path, string header)
    {
        _provider.Answer = (context, _) => FakeProvider.Json(context, ResponseBodies.Response("Hello ✓"));

        using var chat = await PostAsync("/v1/chat/completions", Chat.Replace("claude", model));
        using var message = await PostAsync("/v1/messages", Message.Replace("gpt", model));

        JsonNode.Parse(await chat.Content.ReadAsStringAsync())!["choices"]![0]!["message"]!["content"]!.GetValue<string>().Should().Be("Hello ✓");
        JsonNode.Parse(await message.Content.ReadAsStringAsync())!["content"]![0]!["text"]!.GetValue<string>().Should().Be("Hello ✓");
        _provider.Calls.Should().OnlyContain(call => call.Path == path && call.Headers.ContainsKey(header));
        (await _gateway.QueryAsync<string>("select input_tokens || ' ' || cached_input_tokens || ' ' || output_tokens || ' ' || reasoning_tokens || ' ' || call_type from spend_log order by call_type"))
            .Should().Equal("30 6 80 7 acompletion", "30 6 80 7 anthropic_messages");
    }

    [Test]
    public async Task A_response_at_a_provider_of_responses_passes_as_it_is_and_embeddings_are_not_asked_of_it()
    {
        var body = ResponseBodies.Response("Hello ✓");
        _provider.Answer = (context, _) => FakeProvider.Json(context, body);

        using var response = await PostAsync("/v1/responses", """{"model":"responses","input":"Hi"}""");
        using var refused = await PostAsync("/v1/embeddings", """{"model":"responses","input":"Hi"}""");

        (await response.Content.ReadAsStringAsync()).Should().Be(body);
        refused.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        (await refused.Content.ReadAsStringAsync()).Should().Contain("none of its providers serves it");
        _provider.Calls.Should().HaveCount(1);
    }

    [TestCase(true, HttpStatusCode.OK)]
    [TestCase(false, HttpStatusCode.NotFound)]
    public async Task What_a_chat_has_kept_can_be_looked_at_by_whoever_had_it_kept(bool isStored, HttpStatusCode expected)
    {
        _provider.Answer = (context, _) => FakeProvider.Json(context, ResponseBodies.Response("Hello ✓"));

        using var chat = await PostAsync("/v1/chat/completions", Chat.Replace("claude", "responses")[..^1] + (isStored ? ",\"store\":true}" : "}"));
        using var kept = await _client.GetAsync("/v1/responses/resp_1");

        (chat.StatusCode, kept.StatusCode).Should().Be((HttpStatusCode.OK, expected));
    }

    [TestCase("anthropic", "responses")]
    [TestCase("openai", "messages")]
    public void An_api_that_a_provider_does_not_speak_alone_is_a_fault(string provider, string api)
    {
        var faults = new List<string>();
        var destination = new DestinationConfig { Address = "https://e.org", Metadata = new Dictionary<string, string> { ["Provider"] = provider, ["Api"] = api } };

        Deployment.Read(destination, faults.Add).Should().BeNull();
        faults.Should().Equal($"its Api '{api}' is not responses, or its provider '{provider}' does not speak it");
    }

    [Test]
    public async Task What_is_logged_is_what_the_client_asked_and_the_provider_said()
    {
        await using var langfuse = await FakeLangfuse.StartAsync();
        var team = await _gateway.CreateTeamAsync();
        var project = langfuse.AddProject("translated");
        await _gateway.LogToAsync(team, project.Target);
        using var client = _gateway.With(await _gateway.CreateKeyAsync(new JsonObject { ["team_id"] = team }));
        _provider.Answer = (context, _) => FakeProvider.Json(context, AnthropicBodies.Message("Hello ✓"));

        using var response = await client.PostAsync("/v1/chat/completions", new StringContent(Chat));

        var span = (await langfuse.WaitForSpansAsync(project.PublicKey, 1)).Single();
        span["langfuse.observation.input"].Should().Contain("Hi");
        span["langfuse.observation.output"].Should().Contain("Hello");
        langfuse.Faults.Should().BeEmpty();
    }

    [Test]
    public async Task The_demo_speaks_the_Messages_API_too()
    {
        using var response = await PostAsync("/v1/messages", Message.Replace("gpt", "demo")[..^1] + ",\"stream\":true}");

        (await response.Content.ReadAsStringAsync()).Should().StartWith("event: message_start\ndata: {\"type\":\"message_start\"").And.EndWith("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n");
    }

    [TestCase("scripted-claude", "/v1/chat/completions")]
    [TestCase("scripted-gpt", "/v1/messages")]
    [TestCase("scripted-responses", "/v1/chat/completions")]
    [TestCase("scripted-responses", "/v1/messages")]
    public async Task Cut_at_any_byte_it_is_the_whole_answer_or_an_error_event(string model, string path)
    {
        var isChat = path == "/v1/chat/completions";
        var stream = model == "scripted-claude" ? Encoding.UTF8.GetBytes(ChatOnMessagesTests.AgentStream)
            : model == "scripted-responses" ? Encoding.UTF8.GetBytes(ResponseStreams.Agent)
            : ProviderScript.Stream(OpenAiBodies.Stream("One,", " two ✓")).Body;
        var cutAt = 0;
        _scripted.Answer = _ => new ProviderScript { Body = stream, End = BodyEnd.Close, CutAt = cutAt };
        var cuts = Enumerable.Range(0, stream.Length + 1).Where(cut => cut % 7 == 0 || cut > stream.Length - 60).ToList();

        foreach (var cut in cuts)
        {
            cutAt = cut;
            using var response = await PostAsync(path, $$"""{"model":"{{model}}","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"x"}]}""");
            var (body, isWhole) = await response.ReadAsFarAsItGoesAsync();
            if (!response.IsSuccessStatusCode)
            {
                ((int)response.StatusCode, JsonNode.Parse(body)!["error"]!["message"]).Should().Match<(int Status, JsonNode? Message)>(refusal => refusal.Status == 502 && refusal.Message != null);
                continue;
            }

            body.EndsWith(isChat ? "data: [DONE]\n\n" : "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n", StringComparison.Ordinal).Should().Be(isWhole, "cut at {0}", cut);
            body.Contains(isChat ? "data: {\"error\":{\"message\":" : "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":", StringComparison.Ordinal).Should().Be(!isWhole, "cut at {0}", cut);
        }

        (await _gateway.LedgerAsync()).Count.Should().Be(cuts.Count);
    }

    [Test]
    public async Task An_error_event_is_told_in_the_clients_protocol()
    {
        var stream = AnthropicBodies.Event("message_start", AnthropicBodies.Start) + AnthropicBodies.Delta("x") + AnthropicBodies.Event("error", AnthropicBodies.Error("Overloaded", "overloaded_error"));
        _scripted.Answer = _ => new ProviderScript { Body = Encoding.UTF8.GetBytes(stream) };

        using var response = await PostAsync("/v1/chat/completions", Chat.Replace("claude", "scripted-claude")[..^1] + ",\"stream\":true}");
        var (body, isWhole) = await response.ReadAsFarAsItGoesAsync();

        (body.Split("data: {\"error\"").Length, isWhole).Should().Be((2, false));
        body.Should().Contain("Overloaded").And.NotContain("[DONE]").And.NotContain("event: error");
    }

    [TestCase("response.failed", """ "response":{"id":"resp_1","status":"failed","error":{"code":"server_error","message":"Overloaded"},"output":[]}""")]
    [TestCase("error", """ "code":"server_error","message":"Overloaded","param":null""")]
    public async Task A_response_that_fails_is_one_error_event(string type, string fields)
    {
        var stream = ResponseStreams.Event("response.output_text.delta", """ "output_index":0,"delta":"x" """) + ResponseStreams.Event(type, fields);
        _scripted.Answer = _ => new ProviderScript { Body = Encoding.UTF8.GetBytes(stream) };

        using var chat = await PostAsync("/v1/chat/completions", Chat.Replace("claude", "scripted-responses")[..^1] + ",\"stream\":true}");
        using var message = await PostAsync("/v1/messages", Message.Replace("gpt", "scripted-responses")[..^1] + ",\"stream\":true}");
        var (chunks, events) = (await chat.ReadAsFarAsItGoesAsync(), await message.ReadAsFarAsItGoesAsync());

        chunks.Text.Should().Contain("\"content\":\"x\"").And.Contain("data: {\"error\":{\"message\":").And.Contain("Overloaded").And.NotContain("[DONE]");
        events.Text.Should().Contain("\"text\":\"x\"").And.Contain("event: error\ndata: {\"type\":\"error\"").And.Contain("Overloaded").And.NotContain("message_stop");
    }

    [TestCase(400, "invalid_request_error")]
    [TestCase(429, "rate_limit_error")]
    [TestCase(529, "overloaded_error")]
    public async Task A_refusal_of_Anthropics_keeps_status_words_and_type(int status, string type)
    {
        _provider.Answer = (context, _) =>
        {
            context.Response.Headers.RetryAfter = "7";
            return FakeProvider.Json(context, AnthropicBodies.Error("Not \"now\"", type), status);
        };

        using var response = await PostAsync("/v1/chat/completions", Chat);

        ((int)response.StatusCode, response.Headers.GetValues("Retry-After").Single()).Should().Be((status, "7"));
        TestTranslation.ShouldBe(JsonNode.Parse(await response.Content.ReadAsStringAsync()), $$$"""{"error":{"message":"Not \"now\"","type":"{{{type}}}","param":null,"code":"{{{status}}}"}}""");
    }

    [TestCase(400, "invalid_request_error")]
    [TestCase(429, "rate_limit_error")]
    [TestCase(500, "api_error")]
    public async Task A_refusal_of_OpenAIs_keeps_status_and_words(int status, string type)
    {
        _provider.Answer = (context, _) => FakeProvider.Json(context, OpenAiBodies.Error("Not \"now\"", "some_type"), status);

        using var response = await PostAsync("/v1/messages", Message);

        ((int)response.StatusCode).Should().Be(status);
        TestTranslation.ShouldBe(JsonNode.Parse(await response.Content.ReadAsStringAsync()), $$$"""{"type":"error","error":{"type":"{{{type}}}","message":"Not \"now\""}}""");
    }

    [Test]
    public async Task What_cannot_be_carried_over_is_refused_and_asked_of_nobody()
    {
        using var response = await PostAsync("/v1/chat/completions", Chat[..^1] + ",\"seed\":1}");
        var error = JsonNode.Parse(await response.Content.ReadAsStringAsync())!["error"]!;

        (response.StatusCode, error["param"]!.GetValue<string>(), error["type"]!.GetValue<string>()).Should().Be((HttpStatusCode.BadRequest, "seed", "invalid_request_error"));
        _provider.Calls.Should().BeEmpty();
        (await _gateway.LedgerAsync()).Single().Should().BeEquivalentTo(new { Outcome = "Rejected", Status = 400L, Cost = 0L });
    }

    [Test]
    public async Task What_one_destination_cannot_be_asked_goes_to_one_that_can()
    {
        using var translated = await PostAsync("/v1/messages", Message.Replace("gpt", "mixed"));
        using var refused = await PostAsync("/v1/chat/completions", Chat.Replace("claude", "mixed")[..^1] + ",\"seed\":1}");

        refused.StatusCode.Should().Be(HttpStatusCode.OK);
        refused.Headers.GetValues("x-litellm-model-id").Should().Equal("mixed/b");
        refused.Headers.GetValues("x-litellm-attempted-retries").Should().Equal("0");
    }

    [Test]
    public async Task The_operators_order_goes_before_the_clients_api()
    {
        _provider.Answer = (context, call) => FakeProvider.Json(context, call.Path.EndsWith("/messages", StringComparison.Ordinal) ? AnthropicBodies.Message("a") : OpenAiBodies.Chat("b"));

        using var response = await PostAsync("/v1/chat/completions", Chat.Replace("claude", "mixed"));

        response.Headers.GetValues("x-litellm-model-id").Should().Equal("mixed/a");
    }

    [Test]
    public async Task Dropped_parameters_are_named_in_a_header()
    {
        _gateway.Folder.WriteConfig(new JsonObject { ["claude"] = Cluster(_provider.Address, "anthropic") }, new JsonObject { ["Routing"] = new JsonObject { ["DropUnsupportedParameters"] = true } });
        await _gateway.LogBecomesAsync("Applied the changed");
        _provider.Answer = (context, _) => FakeProvider.Json(context, AnthropicBodies.Message("x"));

        using var response = await PostAsync("/v1/chat/completions", Chat[..^1] + ",\"seed\":1,\"logprobs\":true}");

        response.StatusCode.Should().Be(HttpStatusCode.OK);
        response.Headers.GetValues("x-litellm-dropped-params").Should().Equal("seed, logprobs");
        _provider.Calls.Single().Json.Select(field => field.Key).Should().Equal("model", "max_tokens", "messages");
    }

    [Test]
    public async Task Parts_of_an_answer_that_the_client_has_no_word_for_are_named_in_a_header()
    {
        var message = JsonNode.Parse(AnthropicBodies.Message("x"))!;
        message["content"]!.AsArray().Add(new JsonObject { ["type"] = "container_upload", ["file_id"] = "file_1" });
        _provider.Answer = (context, _) => FakeProvider.Json(context, message.ToJsonString());

        using var response = await PostAsync("/v1/chat/completions", Chat);

        response.Headers.GetValues("x-litellm-dropped-params").Should().Equal("answer.container_upload");
        (await response.Content.ReadAsStringAsync()).Should().Contain("\"content\":\"x\"");
    }

    [Test]
    public async Task Tokens_are_estimated_where_no_provider_counts_them()
    {
        var picture = new string('A', 100_000);
        using var response = await PostAsync("/v1/messages/count_tokens", $$$"""{"model":"gpt","system":"{{{new string('x', 4000)}}}","messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"{{{picture}}}"}}]}]}""");

        JsonNode.Parse(await response.Content.ReadAsStringAsync())!["input_tokens"]!.GetValue<int>().Should().BeInRange(2600, 2800);
        response.Headers.GetValues("x-litellm-token-count").Should().Equal("estimated");
        _provider.Calls.Should().BeEmpty();
        (await _gateway.LedgerAsync()).Single().Should().BeEquivalentTo(new { Outcome = "Success", Cost = 0L, Tokens = 0L });
    }

    [Test]
    public async Task The_providers_credential_does_not_pass_in_a_translated_answer()
    {
        _provider.Answer = (context, _) => FakeProvider.Json(context, AnthropicBodies.Message($"The key is {TestClusters.FakeProviderKey}."));

        using var response = await PostAsync("/v1/chat/completions", Chat);

        (await response.Content.ReadAsStringAsync()).Should().Contain("The key is ***").And.NotContain(TestClusters.FakeProviderKey);
    }

    private static JsonObject Cluster(Uri provider, string name, string? api = null) => new() { ["Destinations"] = new JsonObject { ["first"] = Destination(provider, name, api: api) } };

    private static JsonObject Destination(Uri provider, string name, int? order = null, string? api = null)
    {
        var metadata = new JsonObject { ["Provider"] = name, ["ApiKey"] = TestClusters.FakeProviderKey };
        if (api is not null) metadata["Api"] = api;
        if (order is not null) metadata["Order"] = order.ToString();
        return new JsonObject { ["Address"] = name == "azure" ? provider.ToString().TrimEnd('/') : $"{provider}v1", ["Metadata"] = metadata };
    }

    private Task<HttpResponseMessage> PostAsync(string path, string body) => _client.SendAsync(
        new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") }, HttpCompletionOption.ResponseHeadersRead);
}
