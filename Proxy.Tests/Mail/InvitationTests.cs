using System.Text.Json;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Proxy.Management.Mail;
using Proxy.Tests.Databases;
using Proxy.Tests.Management;

namespace Proxy.Tests.Mail;

/// <summary>Users are told by mail of the keys that were made for them; the answer says what came of it, and the key stays in any case.</summary>
[OnEachEngine]
internal sealed class InvitationTests
{
    private const string ToUser = """ "user_id": "u-1", "send_invite_email": true """;

    private FakeMailServer _mails = null!;
    private ManagementServer _server = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _mails = new FakeMailServer();
        _server = await ManagementServer.StartAsync();
        Use(_mails.Port);
        (await _server.Admin.PostAsync("/user/new", """{"user_id": "u-1", "user_email": "a@example.com", "auto_create_key": false}""")).Status.Should().Be(200);
    }

    [TearDown]
    public async Task StopAsync()
    {
        await _server.DisposeAsync();
        await _mails.DisposeAsync();
    }

    [Test]
    public async Task A_user_is_told_of_a_new_key_without_the_key()
    {
        var (key, invitation) = await GenerateAsync(""" "key_alias": "alias-of-a-client", "duration": "10d", "max_budget": 2.5, """ + ToUser);

        invitation.GetProperty("status").GetString().Should().Be("sent", invitation.ToString());
        var mail = (await _mails.WaitAsync(1)).Single();
        mail.Recipients.Should().Equal("RCPT TO:<a@example.com>");
        mail.Text.Should().Contain($"sk-...{key[^4..]}").And.Contain("2026-12-01 12:00 UTC").And.Contain("2.5 USD").And.Contain("Ask the platform team.");
        mail.Data.Should().NotContain(key).And.NotContain(key[3..^4]).And.NotContain("alias-of-a-client");
        mail.Text.Should().NotContain("alias-of-a-client").And.NotContain(key[3..^4]);
        (await RowsBecomeAsync(0)).Should().Be(0);
    }

    [Test]
    public async Task A_new_user_is_told_with_their_key_or_without_one()
    {
        var (status, body) = await _server.Admin.PostAsync("/user/new", """{"user_email": "b@example.com", "send_invite_email": true}""");
        (status, body.GetProperty("invitation").GetProperty("status").GetString()).Should().Be((200, "sent"));
        (await _server.Admin.PostAsync("/user/new", """{"user_email": "c@example.com", "send_invite_email": true, "auto_create_key": false}""")).Status.Should().Be(200);

        var mails = await _mails.WaitAsync(2);
        mails.Select(mail => mail.Recipients.Single()).Should().Equal("RCPT TO:<b@example.com>", "RCPT TO:<c@example.com>");
        mails[0].Text.Should().Contain(body.GetProperty("key_name").GetString()).And.NotContain(body.GetProperty("key").GetString());
        mails[1].Text.Should().NotContain("sk-");
    }

    [Test]
    public async Task Nobody_is_told_who_is_not_to_be()
    {
        await GenerateAsync(""" "user_id": "u-1" """);
        await GenerateAsync(""" "user_id": "u-1", "send_invite_email": false """);
        (await _server.Admin.PostAsync("/user/new", """{"user_email": "b@example.com"}""")).Body.TryGetProperty("invitation", out _).Should().BeFalse();
        (await _server.Admin.PostAsync("/key/generate", """{"send_invite_email": "yes"}""")).Refusal().Param.Should().Be("send_invite_email");
        (await _server.Admin.PostAsync("/user/new", """{"user_id": "u-9", "send_invite_email": "yes"}""")).Refusal().Param.Should().Be("send_invite_email");

        (await RowsBecomeAsync(0)).Should().Be(0);
        _mails.Mails.Should().BeEmpty();
    }

    [TestCase(""" "send_invite_email": true """, "no user")]
    [TestCase(""" "send_invite_email": true, "user_id": "nobody" """, "no address")]
    [TestCase(""" "send_invite_email": true, "user_id": "u-2" """, "no address")]
    public async Task The_answer_says_why_nobody_could_be_told(string fields, string why)
    {
        await _server.Admin.PostAsync("/user/new", """{"user_id": "u-2", "user_email": "a@example.com, b@example.com", "auto_create_key": false}""");

        var (key, invitation) = await GenerateAsync(fields);

        (invitation.GetProperty("status").GetString(), invitation.GetProperty("details").GetString()!.Contains(why)).Should().Be(("not_sent", true), invitation.ToString());
        (await _server.Admin.GetJsonAsync($"/key/info?key={key}")).Status.Should().Be(200);
        (await RowsBecomeAsync(0)).Should().Be(0);
    }

    [Test]
    public async Task Without_a_mail_server_the_key_is_made_and_nothing_waits()
    {
        _server.Services.GetRequiredService<MailSender>().Apply(null);

        var (key, invitation) = await GenerateAsync(ToUser);

        invitation.GetProperty("status").GetString().Should().Be("not_sent");
        (await _server.Admin.GetJsonAsync($"/key/info?key={key}")).Status.Should().Be(200);
        (await RowsBecomeAsync(0)).Should().Be(0);
    }

    [Test]
    public async Task A_mail_server_that_is_down_undoes_no_key_and_gets_the_mail_when_it_is_back()
    {
        await _mails.DisposeAsync();

        var (key, invitation) = await GenerateAsync(ToUser);

        (invitation.GetProperty("status").GetString(), invitation.GetProperty("details").GetString()).Should().Be(
            ("waiting", "The mail server cannot be reached. The mail is tried again for three days."));
        (await _server.Admin.GetJsonAsync($"/key/info?key={key}")).Status.Should().Be(200);
        (await RowsBecomeAsync(1)).Should().Be(1);

        _mails = new FakeMailServer();
        _server.Time.Advance(TimeSpan.FromMinutes(1));
        Use(_mails.Port);
        (await _mails.WaitAsync(1)).Single().Text.Should().Contain($"sk-...{key[^4..]}");
    }

    [TestCase("451 busy", "waiting", 1)]
    [TestCase("550 no such user", "not_sent", 0)]
    public async Task What_the_mail_server_says_stands_in_the_answer(string answer, string status, int rows)
    {
        _mails.Answer = command => command.StartsWith("RCPT", StringComparison.Ordinal) ? answer : null;

        var (_, invitation) = await GenerateAsync(ToUser);

        invitation.GetProperty("status").GetString().Should().Be(status, invitation.ToString());
        (await RowsBecomeAsync(rows)).Should().Be(rows);
    }

    [Test]
    public async Task An_answer_does_not_wait_long_for_a_slow_mail_server()
    {
        _mails.IsSilent = true;

        var making = GenerateAsync(ToUser);
        await _server.Time.WaitForTimerAsync(TimeSpan.FromSeconds(2));
        _server.Time.Advance(TimeSpan.FromSeconds(2));

        (await making).Invitation.GetProperty("status").GetString().Should().Be("queued");
        (await RowsBecomeAsync(1)).Should().Be(1);
    }

    [Test]
    public async Task An_address_gets_no_more_than_ten_invitations_in_an_hour()
    {
        for (var i = 0; i < 10; i++) (await GenerateAsync(ToUser)).Invitation.GetProperty("status").GetString().Should().Be("sent");

        (await GenerateAsync(ToUser)).Invitation.GetProperty("status").GetString().Should().Be("not_sent");

        _server.Time.Advance(TimeSpan.FromHours(1));
        (await GenerateAsync(ToUser)).Invitation.GetProperty("status").GetString().Should().Be("sent");
    }

    private void Use(int port) => _server.Services.GetRequiredService<MailSender>().Apply(
        new MailServer("localhost", port, RequiresTls: false, "gateway@example.com", null, null, TimeSpan.FromMinutes(1)) { InvitationText = "Ask the platform team." });

    private async Task<(string Key, JsonElement Invitation)> GenerateAsync(string fields)
    {
        var (status, body) = await _server.Admin.PostAsync("/key/generate", $"{{{fields}}}");
        status.Should().Be(200, body.ToString());
        return (body.GetProperty("key").GetString()!, body.TryGetProperty("invitation", out var invitation) ? invitation : default);
    }

    private async Task<long> RowsBecomeAsync(long count) => (await Eventually.BecomesAsync(
        async () => (await _server.Database.QueryAsync<long>("select count(*) from mail")).ToList(), rows => rows.Single() == count)).Single();
}
