using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Tests.Gateway;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Budgets;

/// <summary>Alerts at the soft budget, at 80 and at 100 percent, each once in a period.</summary>
internal sealed class BudgetAlertTests
{
    [Test]
    public async Task Each_threshold_is_told_once_and_waits_for_a_webhook_that_is_down()
    {
        await using var webhook = await FakeProvider.StartAsync();
        webhook.Answer = (context, _) =>
        {
            // The first attempt is led elsewhere, which must not be followed.
            var isFirst = webhook.Calls.Count == 1;
            context.Response.StatusCode = isFirst ? 307 : 200;
            if (isFirst) context.Response.Headers.Location = $"{webhook.Address}elsewhere";
            return Task.CompletedTask;
        };
        await using var gateway = await TestGateway.StartAsync(sections: new JsonObject
        {
            ["Alerts"] = new JsonObject { ["Webhook"] = $"{webhook.Address}alerts", ["Interval"] = "00:00:00.050" },
            ["Prices"] = new JsonObject { ["demo"] = new JsonObject { ["CostPerRequest"] = 1 } },
        });
        using var client = gateway.With(await gateway.CreateKeyAsync(new() { ["max_budget"] = 5, ["soft_budget"] = 2, ["key_alias"] = "k" }));

        for (var i = 0; i < 5; i++)
            (await client.PostAsync("/v1/chat/completions", new StringContent("""{"model":"demo","messages":[{"role":"user","content":"x"}]}"""))).EnsureSuccessStatusCode();

        var waiting = await Eventually.BecomesAsync(
            () => gateway.QueryAsync<long>("select count(*) from budget_alert where delivered_at is not null"), rows => rows.Single() == 3);
        waiting.Should().Equal(3);
        webhook.Calls.Should().OnlyContain(call => call.Path == "/alerts").And.HaveCount(4);
        var told = webhook.Calls.Skip(1).Select(call => call.Json).ToList();
        told.Select(alert => alert["threshold"]!.GetValue<string>()).Should().BeEquivalentTo("soft_budget", "80_percent", "100_percent");
        told.Should().OnlyContain(alert => alert["scope"]!.GetValue<string>() == "key");
        told.Single(alert => alert["threshold"]!.GetValue<string>() == "80_percent")["spend"]!.GetValue<decimal>().Should().Be(4);
    }
}
