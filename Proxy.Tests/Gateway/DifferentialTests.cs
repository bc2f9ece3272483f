using System.Text;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Gateway;

/// <summary>Traffic of one format passes byte for byte, there and back, whatever it looks like.</summary>
internal sealed class DifferentialTests
{
    private const string Image = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk";

    private static readonly (string Path, string Body)[] Requests =
    [
        ("/v1/chat/completions", """{"model":"MODEL","messages":[{"role":"user","content":"Hello"}]}"""),
        ("/v1/chat/completions", "\r\n { \"messages\" :\t[ ] , \"model\" : \"MODEL\" , \"temperature\":1E-1,\"seed\":-0 , \"logit_bias\":{ \"50256\" : -100 }} \n"),
        ("/v1/chat/completions", """{"model":"MODEL","messages":[{"role":"user","content":"\u00e9\ud83d\ude00 é 😀 \"\\\/\b\f\n\r\t"}],"stop":["\n\n"],"n":1}"""),
        ("/v1/chat/completions", """{"model":"MODEL","messages":[{"role":"user","content":[{"type":"text","text":"What?"},{"type":"image_url","image_url":{"url":"IMAGE","detail":"low"}}]}]}"""),
        ("/v1/chat/completions", """{"model":"MODEL","messages":[{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]},{"role":"tool","tool_call_id":"c","content":"2"}],"tools":[{"type":"function","function":{"name":"f","strict":true,"parameters":{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"],"additionalProperties":false}}}],"tool_choice":"auto","parallel_tool_calls":false}"""),
        ("/v1/chat/completions", """{"model":"MODEL","messages":[],"response_format":{"type":"json_schema","json_schema":{"name":"x","schema":{}}},"store":true,"metadata":{"a":"b"},"user":"u","service_tier":"auto","reasoning_effort":"high","max_completion_tokens":99999999999}"""),
        ("/v1/chat/completions", """{"model":"MODEL","stream":true,"stream_options":{"include_usage":true},"messages":[]}"""),
        ("/v1/completions", """{"model":"MODEL","prompt":["a",[1,2,3]],"echo":true,"suffix":"","logprobs":0}"""),
        ("/v1/embeddings", """{"model":"MODEL","input":[[1,2],[3]],"encoding_format":"float","dimensions":256}"""),
    ];

    private static readonly (string Type, string Body)[] Answers =
    [
        ("application/json", OpenAiBodies.Chat("é ✓")),
        ("application/json; charset=utf-8", OpenAiBodies.ToolCall("f", """{"city":"Paris"}""")),
        ("application/json", " \n" + OpenAiBodies.Text("words\r\n\t\"") + "\r\n\r\n"),
        ("application/json", OpenAiBodies.Embedding(0.25f, float.MaxValue)),
        ("application/json", """{"unknown":{"a":[1,2.50e10,null]},"choices":[],"system_fingerprint":null}"""),
    ];

    private static readonly string[] Streams =
    [
        string.Concat(OpenAiBodies.Stream("One", " ✓").Select(data => $"data: {data}\n\n")),
        string.Concat(OpenAiBodies.Stream("One").Select(data => $"data: {data}\r\n\r\n")),
        ": waiting\n\n" + string.Concat(OpenAiBodies.Stream("x").Select(data => $"id: 7\nevent: message\nretry: 10\ndata:{data}\n\n")),
        string.Concat(((IEnumerable<string>)[.. OpenAiBodies.Stream(new string('y', 100_000))]).Select(data => $"data: {data}\n\n")),
    ];

    private ScriptedProvider _provider = null!;
    private TestGateway _gateway = null!;
    private HttpClient _client = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _provider = new ScriptedProvider();
        _gateway = await TestGateway.StartAsync(TestClusters.At(_provider.Address));
        _client = _gateway.With(await _gateway.CreateKeyAsync());
    }

    [TearDown]
    public async Task StopAsync()
    {
        _client.Dispose();
        await _gateway.DisposeAsync();
        await _provider.DisposeAsync();
    }

    [TestCaseSource(nameof(Requests))]
    public async Task A_request((string Path, string Body) request)
    {
        var asked = request.Body.Replace("MODEL", "gpt-4o-mini").Replace("IMAGE", Image);
        var seen = "";
        _provider.Answer = body =>
        {
            seen = body;
            return asked.Contains("\"stream\":true") ? ProviderScript.Stream(OpenAiBodies.Stream("Hi")) : ProviderScript.Json(OpenAiBodies.Chat("Hi"));
        };

        using var response = await _client.PostAsync(request.Path, new StringContent(asked, Encoding.UTF8, "application/json"));

        response.EnsureSuccessStatusCode();
        seen.Should().Be(asked);
    }

    [TestCaseSource(nameof(Answers))]
    public async Task An_answer((string Type, string Body) answer)
    {
        _provider.Answer = _ => ProviderScript.Json(answer.Body) with { ContentType = answer.Type };

        using var response = await _client.PostAsync("/v1/chat/completions", new StringContent("""{"model":"gpt-4o-mini"}"""));

        (await response.Content.ReadAsStringAsync(), response.Content.Headers.ContentType!.ToString()).Should().Be((answer.Body, answer.Type));
    }

    [TestCaseSource(nameof(Streams))]
    public async Task A_stream(string stream)
    {
        _provider.Answer = _ => new ProviderScript { Body = Encoding.UTF8.GetBytes(stream) };

        using var response = await _client.PostAsync(
            "/v1/chat/completions", new StringContent("""{"model":"gpt-4o-mini","stream":true,"stream_options":{"include_usage":true}}"""));

        (await response.Content.ReadAsStringAsync()).Should().Be(stream);
    }

    [Test]
    public async Task An_error_under_a_good_status_is_no_answer()
    {
        _provider.Answer = _ => ProviderScript.Json(OpenAiBodies.Error("No credits left.", "billing"));

        using var response = await _client.PostAsync("/v1/chat/completions", new StringContent("""{"model":"gpt-4o-mini","num_retries":0}"""));

        ((int)response.StatusCode).Should().Be(502);
        (await response.Content.ReadAsStringAsync()).Should().Contain("No credits left.");
    }
}
