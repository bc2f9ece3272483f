using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Proxy.Management.Alerts;
using Proxy.Tests.Databases;

namespace Proxy.Tests.Management;

/// <summary>How often somebody is told of one and the same log target.</summary>
[OnEachEngine]
internal sealed class TargetAlertTimeTests
{
    private ManagementServer _server = null!;
    private TargetAlerts _alerts = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _server = await ManagementServer.StartAsync();
        _server.Services.GetRequiredService<AlertRecipients>().Apply(webhook: null, ["a@example.com"], TimeSpan.FromSeconds(10));
        _alerts = _server.Services.GetRequiredService<TargetAlerts>();
    }

    [TearDown]
    public async Task StopAsync() => await _server.DisposeAsync();

    [Test]
    public async Task A_target_that_stays_as_it_is_is_told_of_once_a_day()
    {
        await RaiseAsync("t-1");
        await RaiseAsync("t-2");
        for (var minute = 0; minute < 3; minute++)
        {
            _server.Time.Advance(TimeSpan.FromMinutes(1));
            await RaiseAsync("t-1", "403");
        }

        (await MailsAsync()).Should().Be(2);
        _server.Time.Advance(TimeSpan.FromDays(1));
        await RaiseAsync("t-1");
        await RaiseAsync("t-1");
        (await MailsAsync()).Should().Be(3);
        (await _server.Database.QueryAsync<long>("select count(*) from target_alert where delivered_at is null")).Should().Equal([0], "without a webhook the mails are all");
    }

    [Test]
    public async Task A_target_that_comes_and_goes_is_told_of_once_an_hour()
    {
        await RaiseAsync("t-1");
        for (var turn = 0; turn < 5; turn++)
        {
            _server.Time.Advance(TimeSpan.FromMinutes(10));
            await _alerts.CloseAsync("t-1");
            await RaiseAsync("t-1");
        }

        (await MailsAsync()).Should().Be(2, "that it began and that it ended");
        _server.Time.Advance(TimeSpan.FromMinutes(10));
        await RaiseAsync("t-1");
        (await MailsAsync()).Should().Be(3, "it is down for longer than it seemed");
    }

    private Task RaiseAsync(string target, string reason = "401") =>
        _alerts.RaiseAsync(new TargetAlert { TargetId = target, Kind = "langfuse", Host = "langfuse.example.com", Name = "pk-1", Reason = reason, Since = 1 });

    private async Task<long> MailsAsync() => (await _server.Database.QueryAsync<long>("select count(*) from mail")).Single();
}
