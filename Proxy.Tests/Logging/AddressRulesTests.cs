using System.Net;
using FluentAssertions;
using Microsoft.AspNetCore.DataProtection;
using NUnit.Framework;
using Proxy.Logging.Http;
using Proxy.Logging.Records;

namespace Proxy.Tests.Logging;

/// <summary>Attacks 20 and 21: a target's host must not open the private network, nor hand out a machine's credentials.</summary>
public sealed class AddressRulesTests
{
    [TestCase("93.184.216.34", true)]
    [TestCase("2606:2800:220:1:248:1893:25c8:1946", true)]
    [TestCase("127.0.0.1", false)]
    [TestCase("0.0.0.0", false)]
    [TestCase("10.1.2.3", false)]
    [TestCase("172.31.255.255", false)]
    [TestCase("192.168.0.1", false)]
    [TestCase("100.64.0.1", false)]
    [TestCase("169.254.1.1", false)]
    [TestCase("224.0.0.1", false)]
    [TestCase("255.255.255.255", false)]
    [TestCase("::1", false)]
    [TestCase("::", false)]
    [TestCase("fe80::1", false)]
    [TestCase("fd00::1", false)]
    [TestCase("::ffff:127.0.0.1", false)]
    [TestCase("::ffff:8.8.8.8", true)]
    [TestCase("64:ff9b::7f00:1", false)]
    [TestCase("2002:7f00:1::", false)]
    [TestCase("2001:0:7f00:1::", false)]
    public void Others_than_admins_reach_public_addresses_only(string address, bool isReached) =>
        (Rules().MayReach("example.com", IPAddress.Parse(address)), new AddressRules(isTrusted: true, static () => "").MayReach("x", IPAddress.Parse(address)))
            .Should().Be((isReached, true));

    [TestCase("169.254.169.254")]
    [TestCase("::ffff:169.254.169.254")]
    [TestCase("64:ff9b::a9fe:a9fe")]
    [TestCase("2002:a9fe:a9fe::")]
    [TestCase("fd00:ec2::254")]
    [TestCase("100.100.100.200")]
    public void Nobody_reaches_metadata(string address)
    {
        (new AddressRules(isTrusted: true, static () => "").MayReach("x", IPAddress.Parse(address)), Rules("0.0.0.0/0, ::/0, x").MayReach("x", IPAddress.Parse(address)))
            .Should().Be((false, false));
        IpSpaces.IsMetadataHost("Metadata.Google.Internal.").Should().BeTrue();
    }

    [TestCase("10.0.0.0/8", "10.1.2.3", true)]
    [TestCase("10.1.2.3", "10.1.2.3", true)]
    [TestCase("langfuse.internal", "10.1.2.3", true)]
    [TestCase("192.168.0.0/16", "10.1.2.3", false)]
    [TestCase("nonsense/99", "10.1.2.3", false)]
    public void What_is_allowed_is_reached(string allowed, string address, bool isReached) =>
        Rules("other.example, " + allowed).MayReach("langfuse.internal", IPAddress.Parse(address)).Should().Be(isReached);

    [Test]
    public async Task A_target_that_no_admin_named_is_parked_at_a_private_address_and_nothing_reaches_it()
    {
        await using var langfuse = await FakeLangfuse.StartAsync();
        var project = langfuse.AddProject("blue");
        using var database = new TempOutboxDatabase();
        var time = new ManualTimeProvider();
        using var log = await TestLog.StartAsync(database, new EphemeralDataProtectionProvider(), time);

        await log.RecordAsync(project.Target with { IsTrusted = false }, Some.Record());
        await time.WaitForTimerAsync(TimeSpan.FromSeconds(60));

        (project.Requests, (await log.Operations.ListTargetsAsync(CancellationToken.None)).Single().LastError).Should().Be((0, "forbidden address"));
        await log.StopAsync();
    }

    [TestCase("127.0.0.0/8", true)]
    [TestCase("localhost", true)]
    [TestCase("langfuse.example", false)]
    public async Task A_name_is_allowed_or_its_address_is(string allowed, bool isReached)
    {
        await using var langfuse = await FakeLangfuse.StartAsync();
        using var database = new TempOutboxDatabase();
        using var log = await TestLog.StartAsync(database, new EphemeralDataProtectionProvider(), configure: options => options.AllowedHosts = allowed);

        var named = langfuse.AddProject("blue").Target with { Host = new Uri($"http://localhost:{langfuse.Address.Port}"), IsTrusted = false };
        var result = await log.Operations.TestAsync(named, CancellationToken.None);

        (result.IsHealthy, result.Details.Contains("forbidden address")).Should().Be((isReached, !isReached));
        await log.StopAsync();
    }

    [TestCase("http://169.254.169.254/", LogKinds.Langfuse)]
    [TestCase("http://169.254.169.254/latest", LogKinds.Webhook)]
    [TestCase("http://[::ffff:169.254.169.254]/", LogKinds.S3)]
    [TestCase("http://metadata.google.internal/", LogKinds.OpenTelemetry)]
    public async Task Not_even_an_admins_target_is_connected_to_where_machines_get_their_credentials(string host, string kind)
    {
        using var database = new TempOutboxDatabase();
        using var log = await TestLog.StartAsync(database, new EphemeralDataProtectionProvider(), configure: options => options.AllowedHosts = "0.0.0.0/0");

        var result = await log.Operations.TestAsync(new LogTarget(new Uri(host), "pk-1", "sk\nsk") { Kind = kind, IsTrusted = true }, CancellationToken.None);

        result.Details.Should().Contain("forbidden address");
        await log.StopAsync();
    }

    private static AddressRules Rules(string allowed = "") => new(isTrusted: false, () => allowed);
}
