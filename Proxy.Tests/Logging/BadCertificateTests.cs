using FluentAssertions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using NUnit.Framework;
using Proxy.Logging.Records;

namespace Proxy.Tests.Logging;

/// <summary>A host that cannot show that it is who it should be gets nothing; somebody must mend it, so its target is parked.</summary>
internal sealed class BadCertificateTests
{
    [Test]
    public async Task A_bad_certificate_parks_the_target_and_keeps_its_records()
    {
        using var certificate = TestCertificates.SelfSigned();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, 0, listen => listen.UseHttps(certificate)));
        await using var server = builder.Build();
        var requests = 0;
        server.Run(context =>
        {
            requests++;
            return context.Response.WriteAsync("{}");
        });
        await server.StartAsync();
        using var database = new TempOutboxDatabase();
        using var log = await TestLog.StartAsync(database, new EphemeralDataProtectionProvider());

        await log.RecordAsync(new LogTarget(new Uri(server.Urls.Single()), "pk", "sk") { IsTrusted = true }, Some.Record("kept"));

        var target = (await Eventually.BecomesAsync(
            () => log.Operations.ListTargetsAsync(CancellationToken.None), targets => targets.Any(target => target.LastError is not null))).Single();
        (target.State, target.LastError, target.Waiting).Should().Be(("parked", "bad certificate", 1));
        requests.Should().Be(0, "nothing is said to whoever is not who he should be");
        await log.StopAsync();
    }
}
