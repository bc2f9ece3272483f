using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Gateway;

internal sealed class RehearsalTests
{
    private static readonly JsonObject Rehearsing = new() { ["Rehearsal"] = new JsonObject { ["Enabled"] = true, ["TimeLimit"] = "00:01:00" } };

    [Test]
    public async Task The_program_is_ready_when_it_has_rehearsed_and_nothing_of_that_is_recorded()
    {
        await using var gateway = await TestGateway.StartAsync(sections: Rehearsing);
        using var anybody = gateway.With(null);

        var first = JsonNode.Parse(await (await anybody.GetAsync(new Uri("/health/readiness", UriKind.Relative))).Content.ReadAsStringAsync())!;
        await BecomesReadyAsync(anybody);

        ((string?)first["status"], (string?)first["missing"]![0]).Should().Be(("starting", "rehearsal"));
        gateway.Log.Should().ContainSingle(line => line.Contains("Rehearsed"));
        (await gateway.LedgerAsync()).Should().BeEmpty();
        (await gateway.QueryAsync<long>("select count(*) from api_key")).Should().Equal(0);
    }

    [Test]
    public async Task Calls_are_served_while_the_program_rehearses()
    {
        await using var gateway = await TestGateway.StartAsync(sections: Rehearsing);

        await gateway.PostAsync("/v1/chat/completions", new JsonObject
        {
            ["model"] = "demo",
            ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = "hello" }),
        });

        (await gateway.LedgerAsync()).Should().ContainSingle();
    }

    [Test]
    public async Task A_rehearsal_that_takes_too_long_is_given_up()
    {
        await using var gateway = await TestGateway.StartAsync(
            sections: new JsonObject { ["Rehearsal"] = new JsonObject { ["Enabled"] = true, ["TimeLimit"] = "00:00:00.100" } });
        using var anybody = gateway.With(null);

        await BecomesReadyAsync(anybody);
        await gateway.LogBecomesAsync("rehearsal was ended");
    }

    [Test]
    public async Task A_rehearsal_is_in_no_trace_and_no_metric_and_leaves_no_file()
    {
        await using var collector = await FakeProvider.StartAsync();
        var exports = new ConcurrentQueue<string>();
        collector.Answer = (context, call) =>
        {
            exports.Enqueue(context.Request.Path + Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(call.Body)));
            return Task.CompletedTask;
        };
        using var folder = new TestFolder();
        folder.WriteConfig(TestClusters.Demo, Rehearsing);
        var environment = new Dictionary<string, string>
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Address.ToString().TrimEnd('/'),
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["PROXY_MASTER_KEY"] = "sk-master-of-this-test",
            ["TMPDIR"] = Directory.CreateDirectory(Path.Combine(folder.Path, "temporary")).FullName,
        };
        await using var gateway = await GatewayProcess.StartAsync(folder, environment);
        using var client = gateway.With("sk-master-of-this-test");

        await BecomesReadyAsync(client);
        (await gateway.TerminateAsync()).Should().Be(0);

        Directory.EnumerateFileSystemEntries(environment["TMPDIR"], "proxy-rehearsal-*").Should().BeEmpty();
        exports.Should().Contain(export => export.StartsWith("/v1/metrics", StringComparison.Ordinal));
        string.Concat(exports).Should().Contain("/health/readiness").And.NotContain("rehearsal").And.NotContain("chat/completions").And.NotContain("gen_ai");
    }

    private static async Task BecomesReadyAsync(HttpClient client)
    {
        var status = await Eventually.BecomesAsync(
            async () => (int)(await client.GetAsync(new Uri("/health/readiness", UriKind.Relative))).StatusCode,
            status => status == 200,
            atMost: TimeSpan.FromMinutes(1));
        status.Should().Be(200);
    }
}
