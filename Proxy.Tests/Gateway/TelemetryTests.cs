using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Tests.Logging;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Gateway;

/// <summary>What the program tells its operator, and what it never tells.</summary>
internal sealed class TelemetryTests
{
    private const string Prompt = "canary-prompt-51b0c2";
    private const string Words = "canary-answer-77f1aa";
    private const string MasterKey = "sk-canary-master-key-9d41";

    [Test]
    public async Task Traces_and_metrics_go_out_by_OTLP_and_nothing_holds_a_prompt_or_a_key()
    {
        await using var provider = await FakeProvider.StartAsync();
        await using var langfuse = await FakeLangfuse.StartAsync();
        await using var collector = await FakeProvider.StartAsync();
        var exports = new ConcurrentDictionary<string, string>();
        provider.Answer = (context, call) => call.Body.Contains("\"fail\":true")
            ? FakeProvider.Json(context, OpenAiBodies.Error(Words), status: 401)
            : FakeProvider.Json(context, OpenAiBodies.Chat(Words));
        collector.Answer = (context, call) =>
        {
            exports.AddOrUpdate(call.Path, call.Body, (_, before) => before + call.Body);
            return Task.CompletedTask;
        };
        using var folder = new TestFolder();
        folder.WriteConfig(TestClusters.At(provider.Address));
        var environment = new Dictionary<string, string>
        {
            ["PROXY_MASTER_KEY"] = MasterKey,
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Address.ToString(),
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
        };
        string key, output;

        await using (var gateway = await GatewayProcess.StartAsync(folder, environment))
        {
            var project = langfuse.AddProject("canary");
            var team = (await gateway.PostAsync(MasterKey, "/team/new", []))["team_id"]!.GetValue<string>();
            await gateway.PostAsync(MasterKey, $"/team/{team}/callback", TestCallbacks.Langfuse(project.Target));
            key = (await gateway.PostAsync(MasterKey, "/key/generate", new JsonObject { ["team_id"] = team }))["key"]!.GetValue<string>();
            await CallAsync(gateway, key, isFailing: false, HttpStatusCode.OK);
            await CallAsync(gateway, key, isFailing: true, HttpStatusCode.BadGateway);
            await CallAsync(gateway, key + "x", isFailing: false, HttpStatusCode.Unauthorized);
            await langfuse.WaitForSpansAsync(project.PublicKey, 2);
            (await gateway.TerminateAsync()).Should().Be(0);
            output = gateway.Output;
        }

        exports.Keys.Should().BeEquivalentTo("/v1/traces", "/v1/metrics");
        exports["/v1/traces"].Should().Contain("gen_ai.request.model").And.Contain("gpt-4o-mini");
        exports["/v1/metrics"].Should().Contain("gen_ai.server.request.duration").And.Contain("completion_log.delivered");

        var everything = string.Join('\n', [output, .. exports.Values]);
        foreach (var canary in (string[])[Prompt, Words, MasterKey, key, TestClusters.FakeProviderKey, "sk-lf-"])
            everything.Should().NotContain(canary);
        foreach (var row in await folder.QueryAsync<string>("select hex(tags) || quote(error_type) || quote(model) || quote(session_id) || quote(destination) from spend_log"))
            row.Should().NotContain(Convert.ToHexString(Encoding.UTF8.GetBytes(Prompt)));
    }

    private static async Task CallAsync(GatewayProcess gateway, string key, bool isFailing, HttpStatusCode expected)
    {
        using var client = gateway.With(key);
        using var response = await client.PostAsJsonAsync("/v1/chat/completions", new JsonObject
        {
            ["model"] = "gpt-4o-mini",
            ["fail"] = isFailing,
            ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = Prompt }),
        });
        response.StatusCode.Should().Be(expected);
    }
}
