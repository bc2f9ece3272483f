using System.Globalization;
using System.Text.Json.Nodes;
using FluentAssertions;
using Microsoft.AspNetCore.Http;
using NUnit.Framework;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Gateway;

/// <summary>The tier that the provider says it gave is billed, in whichever form it says so.</summary>
internal sealed class ServiceTierTests
{
    private FakeProvider _provider = null!;
    private TestGateway _gateway = null!;
    private HttpClient _client = null!;

    /// <summary>A tenth of a cent for each token of input, two for output; ten times as much with priority, a tenth of it with flex and batch.</summary>
    [SetUp]
    public async Task StartAsync()
    {
        _provider = await FakeProvider.StartAsync();
        var clusters = new JsonObject
        {
            ["gpt"] = TestClusters.Cluster($"{_provider.Address}v1"),
            ["claude"] = TestClusters.Cluster($"{_provider.Address}v1", new JsonObject { ["Provider"] = "anthropic" }),
        };
        JsonObject Price() => new()
        {
            ["InputCostPerToken"] = 0.001,
            ["OutputCostPerToken"] = 0.002,
            ["InputCostPerTokenPriority"] = 0.01,
            ["OutputCostPerTokenPriority"] = 0.02,
            ["InputCostPerTokenFlex"] = 0.0001,
            ["OutputCostPerTokenFlex"] = 0.0002,
            ["InputCostPerTokenBatch"] = 0.0001,
            ["OutputCostPerTokenBatch"] = 0.0002,
        };
        _gateway = await TestGateway.StartAsync(clusters, new JsonObject { ["Prices"] = new JsonObject { ["gpt/first"] = Price(), ["claude/first"] = Price() } });
        _client = _gateway.With(await _gateway.CreateKeyAsync());
    }

    [TearDown]
    public async Task StopAsync()
    {
        _client.Dispose();
        await _gateway.DisposeAsync();
        await _provider.DisposeAsync();
    }

    private static IEnumerable<TestCaseData> Answers()
    {
        var stream = string.Concat(OpenAiBodies.Stream("Hello!").Select(data => $"data: {data}\n\n")).Replace("\"system_fingerprint\"", "\"service_tier\":\"priority\",\"system_fingerprint\"");
        yield return Case("chat, streamed", "/v1/chat/completions", "gpt", stream, isStream: true, "0.13");

        var response = ResponseBodies.Response("Hello!").Replace("\"user\":null", "\"service_tier\":\"priority\",\"user\":null");
        yield return Case("responses", "/v1/responses", "gpt", response, isStream: false, "2.1");
        yield return Case("responses, not stated", "/v1/responses", "gpt", ResponseBodies.Response("Hello!"), isStream: false, "0.21");
        yield return Case(
            "responses, streamed", "/v1/responses", "gpt", ResponseBodies.Stream(words: ["Hello!"]).Replace("\"user\":null", "\"service_tier\":\"priority\",\"user\":null"), isStream: true, "2.1");

        var message = AnthropicBodies.Message("Hello!");
        yield return Case("messages, standard", "/v1/messages", "claude", message, isStream: false, "0.07");
        yield return Case("messages", "/v1/messages", "claude", message.Replace("\"standard\"", "\"priority\""), isStream: false, "0.7");
        yield return Case("chat of messages", "/v1/chat/completions", "claude", message.Replace("\"standard\"", "\"priority\""), isStream: false, "0.7");
        yield return Case(
            "messages, streamed", "/v1/messages", "claude", AnthropicBodies.Stream("Hello!").Replace("\"output_tokens\":1}", "\"output_tokens\":1,\"service_tier\":\"priority\"}"), isStream: true, "0.7");
    }

    [TestCaseSource(nameof(Answers))]
    public async Task It_is_billed(string path, string model, string answer, bool isStream, decimal dollars)
    {
        _provider.Answer = async (context, _) =>
        {
            context.Response.ContentType = isStream ? "text/event-stream" : "application/json";
            await context.Response.WriteAsync(answer);
        };

        using var response = await _client.PostAsync(
            path, new StringContent($$"""{"model":"{{model}}","max_tokens":10,"stream":{{(isStream ? "true" : "false")}},"messages":[{"role":"user","content":"Hi"}],"input":"Hi"}"""));
        await response.Content.ReadAsStringAsync();

        (await _gateway.LedgerAsync()).Single().Cost.Should().Be((long)(dollars * 1_000_000_000_000m));
    }

    [TestCase("flex", null, "0.21")]
    [TestCase("batch", null, "0.21")]
    [TestCase("flex", "flex", "0.021")]
    [TestCase("priority", null, "2.1")]
    [TestCase("priority", "default", "0.21")]
    public async Task A_cheaper_tier_is_billed_only_when_the_answer_says_that_it_was_given(string asked, string? given, decimal dollars)
    {
        var answer = ResponseBodies.Response("Hello!");
        if (given is not null) answer = answer.Replace("\"user\":null", $"\"service_tier\":\"{given}\",\"user\":null");
        _provider.Answer = (context, _) => FakeProvider.Json(context, answer);

        using var response = await _client.PostAsync("/v1/responses", new StringContent($$"""{"model":"gpt","service_tier":"{{asked}}","input":"Hi"}"""));

        response.IsSuccessStatusCode.Should().BeTrue();
        (await _gateway.LedgerAsync()).Single().Cost.Should().Be((long)(dollars * 1_000_000_000_000m));
    }

    private static TestCaseData Case(string name, string path, string model, string answer, bool isStream, string dollars) =>
        new TestCaseData(path, model, answer, isStream, decimal.Parse(dollars, CultureInfo.InvariantCulture)).SetArgDisplayNames(name);
}
