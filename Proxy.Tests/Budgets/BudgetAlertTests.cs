using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Tests.Databases;
using Proxy.Tests.Gateway;
using Proxy.Tests.Mail;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Budgets;

/// <summary>Alerts at the soft budget, at 80 and at 100 percent, each once in a period.</summary>
[OnEachEngine]
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

    [Test]
    public async Task Each_threshold_is_mailed_once_to_each_recipient_and_says_nothing_that_is_secret()
    {
        await using var server = new FakeMailServer();
        await using var gateway = await StartWithMailAsync(server, "a@example.com, b@example.com");
        await gateway.PostAsync("/customer/new", new() { ["user_id"] = "c-1", ["max_budget"] = 5, ["budget_duration"] = "30d" });
        var key = await gateway.CreateKeyAsync();
        using var client = gateway.With(key);

        for (var i = 0; i < 5; i++)
            (await client.PostAsync("/v1/chat/completions", new StringContent("""{"model":"demo","user":"c-1","messages":[{"role":"user","content":"the prompt"}]}"""))).EnsureSuccessStatusCode();

        var mails = await server.WaitAsync(4);
        mails.SelectMany(mail => mail.Recipients).Should().BeEquivalentTo(
            "RCPT TO:<a@example.com>", "RCPT TO:<b@example.com>", "RCPT TO:<a@example.com>", "RCPT TO:<b@example.com>");
        mails.Select(mail => mail.HeaderOf("Subject")).Distinct().Should().BeEquivalentTo(
            "Budget alert: a budget of kind end_user has reached 80 %", "Budget alert: a budget of kind end_user is used up");
        mails.Should().OnlyContain(mail => mail.Text.Contains("end_user c-1 has spent") && mail.Text.Contains("of 5 dollars.") && mail.Text.Contains("It begins anew at"));
        mails.Should().NotContain(mail => mail.Data.Contains(key) || mail.Text.Contains("the prompt"));
        (await gateway.QueryAsync<long>("select count(*) from budget_alert where delivered_at is null")).Should().Equal(0);
    }

    [Test]
    public async Task A_mail_server_that_says_nothing_holds_up_no_call()
    {
        await using var server = new FakeMailServer { IsSilent = true };
        await using var gateway = await StartWithMailAsync(server, "a@example.com");
        using var client = gateway.With(await gateway.CreateKeyAsync(new() { ["max_budget"] = 2 }));

        for (var i = 0; i < 2; i++)
            (await client.PostAsync("/v1/chat/completions", new StringContent("""{"model":"demo","messages":[]}"""))).EnsureSuccessStatusCode();

        (await Eventually.BecomesAsync(() => gateway.QueryAsync<long>("select count(*) from mail"), rows => rows.Single() == 2)).Should().Equal(2);
    }

    private static Task<TestGateway> StartWithMailAsync(FakeMailServer server, string recipients) => TestGateway.StartAsync(sections: new JsonObject
    {
        ["Alerts"] = new JsonObject { ["MailTo"] = recipients },
        ["Mail"] = new JsonObject { ["Host"] = "localhost", ["Port"] = server.Port, ["Tls"] = false, ["From"] = "gateway@example.com", ["Timeout"] = "00:10:00" },
        ["Prices"] = new JsonObject { ["demo"] = new JsonObject { ["CostPerRequest"] = 1 } },
    });
}
