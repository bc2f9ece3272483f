using System.Text;
using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Tests.Databases;
using Proxy.Tests.Logging;
using Proxy.Tests.Mail;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Gateway;

/// <summary>A log target that must be mended is told of, and what waits for it is kept.</summary>
[OnEachEngine]
internal sealed class TargetAlertTests
{
    private FakeLangfuse _langfuse = null!;
    private FakeProject _project = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _langfuse = await FakeLangfuse.StartAsync();
        _project = _langfuse.AddProject("red");
        _langfuse.Answer = static _ => Task.FromResult(new FakeAnswer(401));
    }

    [TearDown]
    public async Task StopAsync() => await _langfuse.DisposeAsync();

    [Test]
    public async Task Who_looks_after_the_gateway_is_told_once_also_over_a_restart_until_the_target_is_mended()
    {
        await using var webhook = await FakeProvider.StartAsync();
        webhook.Answer = (context, _) =>
        {
            context.Response.StatusCode = webhook.Calls.Count == 1 ? 500 : 200;
            return Task.CompletedTask;
        };
        await using var mails = new FakeMailServer();
        var folder = await TestFolder.CreateAsync();
        folder.WriteConfig(TestClusters.Demo, new JsonObject
        {
            ["Alerts"] = new JsonObject { ["Webhook"] = $"{webhook.Address}alerts", ["MailTo"] = "a@example.com", ["Interval"] = "00:00:00.050" },
            ["Mail"] = new JsonObject { ["Host"] = "localhost", ["Port"] = mails.Port, ["Tls"] = false, ["From"] = "gateway@example.com" },
            ["CompletionLog"] = new JsonObject { ["FlushInterval"] = "00:00:00.050" },
        });
        var first = await TestGateway.StartAsync(folder);
        var team = await first.CreateTeamAsync();
        await first.LogToAsync(team, _project.Target);
        using (var client = first.With(await first.CreateKeyAsync(new() { ["team_id"] = team })))
        {
            using var call = new StringContent("""{"model":"demo","messages":[{"role":"user","content":"the prompt"}]}""", Encoding.UTF8, "application/json");
            (await client.PostAsync(new Uri("/v1/chat/completions", UriKind.Relative), call)).EnsureSuccessStatusCode();
        }

        (await DeliveredAsync(folder, 1)).Should().Equal(1);
        webhook.Calls.Should().HaveCount(2, "the first was refused");
        var told = webhook.Calls.Last().Json;
        (told["event"]!.ToString(), told["kind"]!.ToString(), told["host"]!.ToString(), told["name"]!.ToString(), told["reason"]!.ToString()).Should().Be(
            ("log_target_parked", "langfuse", _langfuse.Address.Authority, _project.PublicKey, "401"));
        (told["waiting"]!.GetValue<long>(), told["teams"]!.ToJsonString(), told["more_teams"]!.GetValue<long>()).Should().Be((1, $"[\"{team}\"]", 0));
        told["text"]!.ToString().Should().Contain($"1 record waits for it. Teams that log there: {team}.");
        var mail = (await mails.WaitAsync(1)).Single();
        mail.HeaderOf("Subject").Should().Be("Log alert: a log target takes no records until it is mended");
        mail.Text.Should().Contain($"langfuse at {_langfuse.Address.Authority} ({_project.PublicKey})").And.Contain("401");
        (told.ToJsonString() + mail.Text).Should().NotContain(_project.Target.SecretKey).And.NotContain("the prompt");
        await first.StopAsync();

        await using var second = await TestGateway.StartAsync(folder);
        (await StatesAsync(second, "parked 1")).Should().Equal("parked 1");
        _langfuse.Answer = static _ => Task.FromResult(FakeAnswer.Ok);
        await second.PostAsync("/logging/dead-letters/retry", new() { ["target_id"] = told["target_id"]!.ToString() });

        (await StatesAsync(second, "idle 0")).Should().Equal("idle 0");
        (await Eventually.BecomesAsync(() => folder.QueryAsync<long>("select is_open from target_alert"), rows => rows.Single() == 0)).Should().Equal(0);
        _project.Spans.Should().ContainSingle("nothing of what waited is lost");
        (await Eventually.BecomesAsync(() => folder.QueryAsync<long>("select count(*) from target_alert where recovered_at is null"), rows => rows.Single() == 1)).Should().Equal(1);
        (await mails.WaitAsync(2))[^1].HeaderOf("Subject").Should().Be("Log alert: a log target takes records again");
        webhook.Calls.Skip(2).Select(call => $"{call.Json["event"]} {call.Json["target_id"]}").Should().Equal($"log_target_recovered {told["target_id"]}");
        mails.Mails.Should().HaveCount(2);
    }

    [Test]
    public async Task Without_anybody_to_tell_the_alert_waits_for_a_webhook()
    {
        await using var gateway = await TestGateway.StartAsync(sections: new JsonObject { ["CompletionLog"] = new JsonObject { ["FlushInterval"] = "00:00:00.050" } });
        var team = await gateway.CreateTeamAsync();
        await gateway.LogToAsync(team, _project.Target);
        using var client = gateway.With(await gateway.CreateKeyAsync(new() { ["team_id"] = team }));
        using var call = new StringContent("""{"model":"demo","messages":[]}""", Encoding.UTF8, "application/json");
        (await client.PostAsync(new Uri("/v1/chat/completions", UriKind.Relative), call)).EnsureSuccessStatusCode();
        (await Eventually.BecomesAsync(() => gateway.QueryAsync<long>("select is_open from target_alert"), rows => rows.Count == 1)).Should().Equal(1);
        await using var webhook = await FakeProvider.StartAsync();
        webhook.Answer = (_, _) => Task.CompletedTask;

        gateway.Folder.WriteConfig(TestClusters.Demo, new JsonObject { ["Alerts"] = new JsonObject { ["Webhook"] = $"{webhook.Address}alerts", ["Interval"] = "00:00:00.050" } });

        (await DeliveredAsync(gateway.Folder, 1)).Should().Equal(1);
        webhook.Calls.Should().ContainSingle();
    }

    [Test]
    public async Task Of_the_gateways_own_target_no_teams_are_named()
    {
        await using var webhook = await FakeProvider.StartAsync();
        webhook.Answer = (_, _) => Task.CompletedTask;
        await using var gateway = await TestGateway.StartAsync(sections: new JsonObject
        {
            ["Alerts"] = new JsonObject { ["Webhook"] = $"{webhook.Address}alerts", ["Interval"] = "00:00:00.050" },
            ["CompletionLog"] = new JsonObject
            {
                ["FlushInterval"] = "00:00:00.050",
                ["Targets"] = new JsonObject
                {
                    ["all"] = new JsonObject { ["Callback"] = "langfuse", ["Vars"] = TestCallbacks.Langfuse(_project.Target)["callback_vars"]!.DeepClone() },
                },
            },
        });
        using var client = gateway.With(await gateway.CreateKeyAsync(new() { ["team_id"] = await gateway.CreateTeamAsync() }));
        using var call = new StringContent("""{"model":"demo","messages":[]}""", Encoding.UTF8, "application/json");
        (await client.PostAsync(new Uri("/v1/chat/completions", UriKind.Relative), call)).EnsureSuccessStatusCode();

        (await DeliveredAsync(gateway.Folder, 1)).Should().Equal(1);
        var told = webhook.Calls.Single().Json;
        told["teams"]!.ToJsonString().Should().Be("""["global"]""");
        told["text"]!.ToString().Should().Contain("All log there who have no target of their own.");
    }

    private static Task<IReadOnlyList<long>> DeliveredAsync(TestFolder folder, long count) => Eventually.BecomesAsync(
        () => folder.QueryAsync<long>("select count(*) from target_alert where delivered_at is not null"), rows => rows.Single() == count);

    private static Task<string[]> StatesAsync(TestGateway gateway, string expected) => Eventually.BecomesAsync(
        async () => JsonNode.Parse(await gateway.Admin.GetStringAsync(new Uri("/logging/targets", UriKind.Relative)))!["targets"]!.AsArray().Select(target => $"{target!["state"]} {target["waiting"]}").ToArray(),
        states => states.Contains(expected));
}
