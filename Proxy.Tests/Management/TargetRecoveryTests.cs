using Dapper;
using FluentAssertions;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;
using Proxy.Management.Alerts;
using Proxy.Management.Mail;
using Proxy.Management.Storage;
using Proxy.Tests.Databases;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Management;

/// <summary>What is told of a target that takes records again, and in which order, whatever the webhook does meanwhile.</summary>
[OnEachEngine]
internal sealed class TargetRecoveryTests
{
    private const string Parked = "log_target_parked";
    private const string Recovered = "log_target_recovered";

    // Not the server's own, so that nothing is delivered but when a test says so.
    private readonly AlertRecipients _recipients = new(NullLogger<AlertRecipients>.Instance);

    private ManagementServer _server = null!;
    private FakeProvider _webhook = null!;
    private TargetAlerts _alerts = null!;
    private readonly List<string> _taken = [];
    private bool _isAway;

    [SetUp]
    public async Task StartAsync()
    {
        _server = await ManagementServer.StartAsync();
        _webhook = await FakeProvider.StartAsync();
        _webhook.Answer = (context, _) =>
        {
            context.Response.StatusCode = _isAway ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status200OK;
            return Task.CompletedTask;
        };
        _recipients.Apply(_webhook.Address, ["a@example.com"], TimeSpan.FromSeconds(10));
        _alerts = Start();
    }

    [TearDown]
    public async Task StopAsync()
    {
        await _webhook.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Test]
    public async Task The_end_is_told_once_and_how_long_it_lasted_also_over_a_restart()
    {
        await RaiseAsync();
        await DeliverAsync();
        _server.Time.Advance(new TimeSpan(3, 12, 5));
        _alerts = Start();
        await Task.WhenAll(_alerts.CloseAsync("t-1"), _alerts.CloseAsync("t-1"));
        await _alerts.CloseAsync("t-1");
        _alerts = Start();

        (await DeliverAsync()).Should().Equal(Parked, Recovered);
        var told = _webhook.Calls.Last().Json;
        told["text"]!.ToString().Should().Be("The log target langfuse at langfuse.example.com (pk-1) takes records again. It took none for 3 hours 12 minutes.");
        (told["lasted_seconds"]!.GetValue<long>(), told["raised_at"]!.GetValue<DateTimeOffset>() - told["since"]!.GetValue<DateTimeOffset>())
            .Should().Be((11525, new TimeSpan(3, 12, 5)));
        (await MailsAsync()).Should().Be(2);
    }

    [Test]
    public async Task A_target_that_comes_and_goes_makes_one_pair_an_hour()
    {
        for (var turn = 0; turn < 6; turn++)
        {
            await RaiseAsync();
            await _alerts.CloseAsync("t-1");
            await DeliverAsync();
            _server.Time.Advance(TimeSpan.FromMinutes(10));
        }

        (await DeliverAsync()).Should().Equal(Parked, Recovered);
        await RaiseAsync();
        await _alerts.CloseAsync("t-1");
        (await DeliverAsync()).Should().Equal(Parked, Recovered, Parked, Recovered);
        (await MailsAsync()).Should().Be(4);
    }

    [Test]
    public async Task It_has_lasted_since_it_began_though_its_reason_changed_and_it_was_told_again()
    {
        await RaiseAsync();
        _server.Time.Advance(TimeSpan.FromDays(1));
        await RaiseAsync("403");
        _server.Time.Advance(TimeSpan.FromHours(1));
        await _alerts.CloseAsync("t-1");

        (await DeliverAsync()).Should().Equal(Parked, Recovered);
        _webhook.Calls.First().Json["reason"]!.ToString().Should().Be("403", "the webhook need not be reminded of what it was not told");
        _webhook.Calls.Last().Json["text"]!.ToString().Should().EndWith("It took none for 1 day 1 hour.");
    }

    [Test]
    public async Task A_webhook_that_was_away_is_told_of_both_in_their_order()
    {
        _isAway = true;
        await RaiseAsync();
        await DeliverAsync();
        await _alerts.CloseAsync("t-1");
        await DeliverAsync();

        _isAway = false;
        await DeliverAsync();
        (await DeliverAsync()).Should().Equal(Parked, Recovered);
    }

    [Test]
    public async Task A_parking_that_begins_while_a_recovery_waits_is_told_after_it()
    {
        await RaiseAsync();
        await DeliverAsync();
        _isAway = true;
        _server.Time.Advance(TimeSpan.FromMinutes(20));
        await _alerts.CloseAsync("t-1");
        await DeliverAsync();
        _server.Time.Advance(TimeSpan.FromHours(2));
        await RaiseAsync();
        await DeliverAsync();
        _server.Time.Advance(TimeSpan.FromDays(1));
        await RaiseAsync();
        await DeliverAsync();

        _isAway = false;
        _alerts = Start();
        (await DeliverAsync()).Should().Equal(Parked, Recovered, Parked);
        _webhook.Calls.TakeLast(2).First().Json["text"]!.ToString().Should().EndWith("It took none for 20 minutes.", "that is the first parking");
        await _alerts.CloseAsync("t-1");
        await DeliverAsync();
        (await DeliverAsync()).Should().Equal(Parked, Recovered, Parked, Recovered);
    }

    [Test]
    public async Task A_second_parking_takes_the_place_of_a_first_that_the_webhook_was_never_told_of()
    {
        _recipients.Apply(_webhook.Address, [], TimeSpan.FromSeconds(10));
        _isAway = true;
        await RaiseAsync();
        await _alerts.CloseAsync("t-1");
        _server.Time.Advance(TimeSpan.FromHours(2));
        await RaiseAsync();
        await DeliverAsync();

        _isAway = false;
        (await DeliverAsync()).Should().Equal(Parked);
        await _alerts.CloseAsync("t-1");
        (await DeliverAsync()).Should().Equal(Parked, Recovered);
    }

    [Test]
    public async Task The_end_of_what_was_given_up_is_not_told([Values] bool isMendedBefore)
    {
        _recipients.Apply(_webhook.Address, [], TimeSpan.FromSeconds(10));
        _isAway = true;
        await RaiseAsync();
        await using (var connection = await _server.Database.OpenAsync()) await connection.ExecuteAsync("update target_alert set attempts = 8639");
        if (isMendedBefore) await _alerts.CloseAsync("t-1");
        await DeliverAsync();
        await _alerts.CloseAsync("t-1");

        _isAway = false;
        (await DeliverAsync()).Should().BeEmpty();
        (await MailsAsync()).Should().Be(0);
    }

    [Test]
    public async Task Mails_alone_are_told_of_both_and_a_later_webhook_of_neither()
    {
        _recipients.Apply(webhook: null, ["a@example.com"], TimeSpan.FromSeconds(10));
        await RaiseAsync();
        await _alerts.CloseAsync("t-1");
        (await MailsAsync()).Should().Be(2);

        _recipients.Apply(_webhook.Address, ["a@example.com"], TimeSpan.FromSeconds(10));
        (await DeliverAsync()).Should().BeEmpty();
    }

    [Test]
    public async Task It_says_how_many_wait_and_names_some_of_many_teams_in_one_line()
    {
        string[] teams = [.. Enumerable.Range(10, 11).Select(number => $"team-{number}"), "x\r\nSubject: y"];
        await _alerts.RaiseAsync(Alert() with { Waiting = 3, Teams = teams });
        await _alerts.RaiseAsync(Alert() with { TargetId = "t-2", Waiting = null, Teams = ["x\r\nSubject:\u2028y"] });
        await DeliverAsync();

        var (many, unknown) = (_webhook.Calls.First().Json, _webhook.Calls.Last().Json);
        (many["waiting"]!.GetValue<long>(), many["teams"]!.AsArray().Count, many["more_teams"]!.GetValue<long>()).Should().Be((3, 10, 2));
        many["text"]!.ToString().Should().Contain("3 records wait for it. Teams that log there: team-10, ").And.Contain(", team-19 and 2 more.");
        unknown["waiting"].Should().BeNull();
        unknown["text"]!.ToString().Should().Contain("How many records wait for it is still being counted. Teams that log there: x  Subject: y.");
    }

    /// <summary>As a program that starts does it.</summary>
    private TargetAlerts Start() => new(
        _server.Services.GetRequiredService<CommitQueue>(),
        _server.Services.GetRequiredService<TargetAlertStore>(),
        _recipients,
        _server.Services.GetRequiredService<IMailSender>(),
        _server.Time,
        NullLogger<TargetAlerts>.Instance);

    private Task RaiseAsync(string reason = "401") => _alerts.RaiseAsync(Alert() with { Reason = reason });

    private TargetAlert Alert() => new()
    {
        TargetId = "t-1",
        Kind = "langfuse",
        Host = "langfuse.example.com",
        Name = "pk-1",
        Reason = "401",
        Since = _server.Time.GetUtcNow().ToUnixTimeMilliseconds(),
    };

    /// <returns>The events that the webhook has taken until now.</returns>
    private async Task<IReadOnlyList<string>> DeliverAsync()
    {
        var (before, isAway) = (_webhook.Calls.Count, _isAway);
        await _alerts.DeliverAsync(CancellationToken.None);
        if (!isAway) _taken.AddRange(_webhook.Calls.Skip(before).Select(call => call.Json["event"]!.ToString()));
        return [.. _taken];
    }

    private async Task<long> MailsAsync() => (await _server.Database.QueryAsync<long>("select count(*) from mail")).Single();
}
