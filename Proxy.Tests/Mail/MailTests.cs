using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Proxy.Management.Mail;
using Proxy.Tests.Databases;
using Proxy.Tests.Gateway;

namespace Proxy.Tests.Mail;

/// <summary>Mails through the whole program: kept in the database, sent by SMTP, tried again.</summary>
[OnEachEngine]
internal sealed class MailTests
{
    private const string Password = "mail-password-77";
    private const string PasswordVariable = "MAIL_TEST_PASSWORD";
    private const string Waits = "the mail server does not take it";

    private readonly FakeMailServer _server = new();

    [TearDown]
    public ValueTask StopAsync() => _server.DisposeAsync();

    [Test]
    public async Task A_mail_goes_out_with_its_text_and_leaves_the_database()
    {
        await using var gateway = await StartAsync(_server.Port);

        await SendAsync(gateway, new MailText("a@example.com", "Grüße", "Line one\n.\nLine two: ü"));

        var mail = (await _server.WaitAsync(1)).Single();
        mail.Recipients.Should().Equal("RCPT TO:<a@example.com>");
        mail.Text.ReplaceLineEndings("\n").TrimEnd('\n').Should().Be("Line one\n.\nLine two: ü");
        (mail.HeaderOf("From"), mail.HeaderOf("Auto-Submitted")).Should().Be(("\"The gateway\" <gateway@example.com>", "auto-generated"));
        mail.HeaderOf("Message-ID").Should().MatchRegex("^<[0-9a-f]{32}@example.com>$");
        (await RowsBecomeAsync(gateway, 0)).Should().Be(0);
    }

    [Test]
    public async Task A_mail_waits_encrypted_for_a_server_that_is_down_and_survives_a_restart()
    {
        var port = _server.Port;
        await _server.DisposeAsync();
        var gateway = await StartAsync(port);
        await SendAsync(gateway, new MailText("a@example.com", "Invitation", "a link that is secret"));
        await gateway.LogBecomesAsync(Waits);
        (await gateway.QueryAsync<string>("select content from mail")).Single().Should().NotContain("secret");
        await gateway.StopAsync();
        await using var server = new FakeMailServer(port);

        await using var restarted = await TestGateway.StartAsync(gateway.Folder);

        (await server.WaitAsync(1)).Single().Text.Should().Contain("a link that is secret");
        (await RowsBecomeAsync(restarted, 0)).Should().Be(0);
        string.Concat(gateway.Log.Concat(restarted.Log)).Should().NotContain("secret").And.NotContain("a@example.com");
    }

    [Test]
    public async Task A_recipient_that_is_refused_holds_up_nobody()
    {
        _server.Answer = command => command.Contains("unknown@") ? "550 no such user unknown@example.com" : null;
        await using var gateway = await StartAsync(_server.Port);

        await SendAsync(gateway, new MailText("unknown@example.com", "One", "x"));
        await SendAsync(gateway, new MailText("a@example.com", "Two", "y"));

        (await _server.WaitAsync(1)).Single().HeaderOf("Subject").Should().Be("Two");
        (await RowsBecomeAsync(gateway, 0)).Should().Be(0);
        gateway.Log.Should().Contain(line => line.Contains("will not be sent")).And.NotContain(line => line.Contains("unknown@"));
    }

    [Test]
    public async Task A_server_that_is_busy_is_asked_again_later()
    {
        var asked = 0;
        _server.Answer = command => command.StartsWith("RCPT", StringComparison.Ordinal) && Interlocked.Increment(ref asked) == 1 ? "451 try again later" : null;
        await using var gateway = await StartAsync(_server.Port);

        await SendAsync(gateway, new MailText("a@example.com", "One", "x"));

        (await _server.WaitAsync(1)).Should().ContainSingle();
        gateway.Log.Should().Contain(line => line.Contains("451"));
    }

    [Test]
    public async Task A_server_that_takes_the_connection_and_says_nothing_is_left_after_the_time_limit()
    {
        _server.IsSilent = true;
        await using var gateway = await StartAsync(_server.Port, new JsonObject { ["Timeout"] = "00:00:00.200" });

        await SendAsync(gateway, new MailText("a@example.com", "One", "x"));

        await gateway.LogBecomesAsync("It did not answer in time");
        gateway.Log.Should().Contain(line => line.Contains("It did not answer in time"));
        (await RowsBecomeAsync(gateway, 1)).Should().Be(1);
    }

    [Test]
    public async Task A_server_without_tls_gets_neither_password_nor_mail()
    {
        await using var gateway = await StartAsync(_server.Port, WithPassword(tls: true));

        await SendAsync(gateway, new MailText("a@example.com", "One", "x"));

        await gateway.LogBecomesAsync(Waits);
        gateway.Log.Should().Contain(line => line.Contains(Waits)).And.NotContain(line => line.Contains(Password));
        _server.Commands.Should().OnlyContain(command => command.StartsWith("EHLO", StringComparison.Ordinal) || command == "QUIT");
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Password_and_mail_go_to_a_server_with_a_good_certificate_only(bool isTrusted)
    {
        using var certificate = SelfSigned();
        using var trust = isTrusted ? new Trust(certificate.GetCertHashString()) : null;
        _server.Certificate = certificate;
        await using var gateway = await StartAsync(_server.Port, WithPassword(tls: true));

        await SendAsync(gateway, new MailText("a@example.com", "One", "x"));

        if (isTrusted) (await _server.WaitAsync(1)).Should().ContainSingle();
        else await gateway.LogBecomesAsync(Waits);
        _server.Commands.Should().Contain("STARTTLS");
        _server.Commands.Contains(Convert.ToBase64String("mail-password-77"u8)).Should().Be(isTrusted);
    }

    [Test]
    public async Task The_password_is_taken_from_the_environment_and_told_to_the_server_alone()
    {
        await using var gateway = await StartAsync(_server.Port, WithPassword(tls: false));

        await SendAsync(gateway, new MailText("a@example.com", "One", "x"));

        (await _server.WaitAsync(1)).Should().ContainSingle();
        _server.Commands.Should().Contain(Convert.ToBase64String("mail-password-77"u8));
        gateway.Log.Should().NotContain(line => line.Contains(Password));
    }

    [Test]
    public async Task A_subject_cannot_end_its_header()
    {
        await using var gateway = await StartAsync(_server.Port);

        await SendAsync(gateway, new MailText("a@example.com", "One\r\nBcc: evil@example.com\r\n\r\nHi\u2028", "x"));

        var mail = (await _server.WaitAsync(1)).Single();
        mail.Recipients.Should().ContainSingle();
        mail.Headers.Should().NotContain(header => header.StartsWith("Bcc", StringComparison.OrdinalIgnoreCase));
        mail.Text.Trim().Should().Be("x");
    }

    private static JsonObject WithPassword(bool tls)
    {
        Environment.SetEnvironmentVariable(PasswordVariable, Password);
        return new JsonObject { ["Tls"] = tls, ["UserName"] = "gateway", ["Password"] = $"env:{PasswordVariable}" };
    }

    private static X509Certificate2 SelfSigned()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var certificate = request.CreateSelfSigned(new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero), new DateTimeOffset(2100, 1, 1, 0, 0, 0, TimeSpan.Zero));
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
    }

    private static Task<TestGateway> StartAsync(int port, JsonObject? settings = null)
    {
        var mail = new JsonObject { ["Host"] = "localhost", ["Port"] = port, ["Tls"] = false, ["From"] = "The gateway <gateway@example.com>" };
        foreach (var (name, value) in settings ?? []) mail[name] = value!.DeepClone();
        return TestGateway.StartAsync(sections: new JsonObject { ["Mail"] = mail });
    }

    private static Task SendAsync(TestGateway gateway, MailText mail) =>
        gateway.Services.GetRequiredService<IMailSender>().SendAsync(mail, CancellationToken.None);

    private static async Task<long> RowsBecomeAsync(TestGateway gateway, long count) => (await Eventually.BecomesAsync(
        () => gateway.QueryAsync<long>("select count(*) from mail"), rows => rows.Single() == count)).Single();

    /// <summary>Makes one certificate good for mail servers; nothing but mail asks here.</summary>
    /// <summary>Certificates that are trusted for the length of a test. There is one list for the process, and tests on the other engine run beside.</summary>
    private sealed class Trust : IDisposable
    {
        private static readonly ConcurrentDictionary<string, bool> Hashes = new();

        private readonly string _hash;

#pragma warning disable SYSLIB0014, MA0039 // The framework's mail client has no other place for it.
        static Trust() => ServicePointManager.ServerCertificateValidationCallback =
            (_, certificate, _, errors) => errors == SslPolicyErrors.None || certificate is not null && Hashes.ContainsKey(certificate.GetCertHashString());
#pragma warning restore SYSLIB0014, MA0039

        public Trust(string hash)
        {
            _hash = hash;
            Hashes[hash] = true;
        }

        public void Dispose() => Hashes.TryRemove(_hash, out _);
    }
}
