using System.Net;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Tests.Gateway;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Translation;

/// <summary>An agent that speaks the Messages API, in the shapes that such clients send, at providers that speak others.</summary>
internal sealed class AgentClientTests
{
    private static readonly string[] Models = ["gpt", "responses", "bedrock"];
    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private FakeProvider _provider = null!;
    private TestGateway _gateway = null!;
    private HttpClient _client = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _provider = await FakeProvider.StartAsync();
        _gateway = await TestGateway.StartAsync(
            new JsonObject { ["gpt"] = Cluster("openai"), ["responses"] = Cluster("openai", "responses"), ["bedrock"] = Cluster("bedrock") },
            new JsonObject { ["Routing"] = new JsonObject { ["Retries"] = 0 } });
        _client = _gateway.With(await _gateway.CreateKeyAsync());
        _client.DefaultRequestHeaders.Add("anthropic-version", "2023-06-01");
        _client.DefaultRequestHeaders.Add("anthropic-beta", "claude-code-20250219,interleaved-thinking-2025-05-14,fine-grained-tool-streaming-2025-05-14");
        _client.DefaultRequestHeaders.Add("x-app", "cli");
    }

    [TearDown]
    public async Task StopAsync()
    {
        _client.Dispose();
        await _gateway.DisposeAsync();
        await _provider.DisposeAsync();
    }

    [TestCaseSource(nameof(Models))]
    public async Task A_turn_is_answered_whole(string model)
    {
        _provider.Calls.Clear();
        _provider.Answer = (context, _) => FakeProvider.Json(context, model switch
        {
            "gpt" => OpenAiBodies.ToolCall("Bash", """{"command":"ls -la"}"""),
            "responses" => ResponseBodies.Response("").Replace("""{"type":"message","id":"msg_1","status":"completed","role":"assistant","content":[{"type":"output_text","text":"","annotations":[]}]}""", """{"type":"function_call","id":"fc_1","call_id":"call_abc123","name":"Bash","arguments":"{\"command\":\"ls -la\"}","status":"completed"}"""),
            _ => BedrockBodies.Answer("""{"toolUse":{"toolUseId":"call_abc123","name":"Bash","input":{"command":"ls -la"}}}""", "tool_use"),
        });

        using var response = await PostAsync("/v1/messages?beta=true", Turn(model, isStream: false));
        var text = await response.Content.ReadAsStringAsync();

        response.StatusCode.Should().Be(HttpStatusCode.OK, text);
        var answer = JsonNode.Parse(text)!;
        answer["stop_reason"]!.GetValue<string>().Should().Be("tool_use");
        TestTranslation.ShouldBe(answer["content"], """[{"type":"tool_use","id":"call_abc123","name":"Bash","input":{"command":"ls -la"}}]""");
        ShouldHoldTheTurn();
    }

    [TestCaseSource(nameof(Models))]
    public async Task A_turn_is_answered_as_a_stream(string model)
    {
        _provider.Calls.Clear();
        var (type, body) = model switch
        {
            "gpt" => ("text/event-stream", ProviderScript.Stream(MessagesOnChatTests.AgentStream).Body),
            "responses" => ("text/event-stream", Encoding.UTF8.GetBytes(ResponseStreams.Agent)),
            _ => (BedrockBodies.FrameType, MessagesOnConverseTests.AgentStream),
        };
        _provider.Answer = (context, _) =>
        {
            context.Response.ContentType = type;
            return context.Response.Body.WriteAsync(body).AsTask();
        };

        using var response = await PostAsync("/v1/messages?beta=true", Turn(model, isStream: true));
        var text = await response.Content.ReadAsStringAsync();

        response.StatusCode.Should().Be(HttpStatusCode.OK, text);
        text.Should().StartWith("event: message_start\n").And.EndWith("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n")
            .And.Contain("\"stop_reason\":\"tool_use\"").And.Contain("\"type\":\"thinking_delta\"").And.Contain("\"type\":\"input_json_delta\"");
        ShouldHoldTheTurn();
    }

    [TestCaseSource(nameof(Models))]
    public async Task Its_tokens_are_counted(string model)
    {
        using var response = await PostAsync("/v1/messages/count_tokens?beta=true", Counted(model));
        var text = await response.Content.ReadAsStringAsync();

        response.StatusCode.Should().Be(HttpStatusCode.OK, text);
        JsonNode.Parse(text)!["input_tokens"]!.GetValue<int>().Should().BePositive();
    }

    /// <summary>Nothing of what the model needs is lost on the way, and nothing that is Anthropic's own arrives.</summary>
    private void ShouldHoldTheTurn()
    {
        var call = _provider.Calls.Single();
        var sent = call.Json;
        var wire = sent.ToJsonString(Readable);
        foreach (var word in (string[])["You are an agent for code.", "The folder is /srv.", "<system-reminder>", "Look at it.", "Reading both.", "toolu_01A", "toolu_01B", "first file", "no such file", "aWk="])
            wire.Should().Contain(word);
        foreach (var tool in Enumerable.Range(0, 20)) wire.Should().Contain($"Tool{tool}\"");
        wire.Should().NotContain("ephemeral").And.NotContain("metadata");
        sent.ContainsKey("system").Should().Be(call.Path.EndsWith("/converse", StringComparison.Ordinal) || call.Path.EndsWith("/converse-stream", StringComparison.Ordinal));
    }

    private static string Turn(string model, bool isStream)
    {
        var turn = JsonNode.Parse(Counted(model))!.AsObject();
        turn["max_tokens"] = 32000;
        turn["temperature"] = 1;
        turn["metadata"] = new JsonObject { ["user_id"] = "user_" + new string('a', 64) + "_account__session_0f6b8a5e-1111-4222-8333-944455556666" };
        if (isStream) turn["stream"] = true;
        return turn.ToJsonString();
    }

    private static string Counted(string model)
    {
        var tools = string.Join(',', Enumerable.Range(0, 20).Select(number => $$$"""
            {"name":"Tool{{{number}}}","description":"Does {{{number}}}.","input_schema":{"$schema":"http://json-schema.org/draft-07/schema#","type":"object","properties":{"command":{"type":"string","description":"What"},"timeout":{"type":"number"}},"required":["command"],"additionalProperties":false}}
            """));
        return $$$"""
            {"model":"{{{model}}}","thinking":{"type":"enabled","budget_tokens":31999},"tools":[{"name":"Bash","description":"Runs.","input_schema":{"type":"object","properties":{"command":{"type":"string"} } } },{{{tools}}}],
             "system":[{"type":"text","text":"You are an agent for code.","cache_control":{"type":"ephemeral"}},{"type":"text","text":"The folder is /srv.","cache_control":{"type":"ephemeral"}}],
             "messages":[{"role":"user","content":[{"type":"text","text":"<system-reminder>\nBe short.\n</system-reminder>"},{"type":"text","text":"Look at it.","cache_control":{"type":"ephemeral"}}]},
              {"role":"assistant","content":[{"type":"thinking","thinking":"I look.","signature":"c2ln"},{"type":"text","text":"Reading both."},
               {"type":"tool_use","id":"toolu_01A","name":"Bash","input":{"command":"cat a"}},{"type":"tool_use","id":"toolu_01B","name":"Bash","input":{"command":"cat b"}}]},
              {"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_01B","content":"no such file","is_error":true},
               {"type":"tool_result","tool_use_id":"toolu_01A","content":[{"type":"text","text":"first file"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"aWk="}}],"cache_control":{"type":"ephemeral"}}]}]}
            """;
    }

    private JsonObject Cluster(string provider, string? api = null)
    {
        var metadata = new JsonObject { ["Provider"] = provider, ["ApiKey"] = TestClusters.FakeProviderKey };
        if (api is not null) metadata["Api"] = api;
        var address = provider == "bedrock" ? _provider.Address.ToString() : $"{_provider.Address}v1";
        return new JsonObject { ["Destinations"] = new JsonObject { ["first"] = new JsonObject { ["Address"] = address, ["Metadata"] = metadata } } };
    }

    private Task<HttpResponseMessage> PostAsync(string path, string body) =>
        _client.PostAsync(path, new StringContent(body, Encoding.UTF8, "application/json"));
}
