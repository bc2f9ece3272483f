using System.Net;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Proxy.Management.Storage;
using Proxy.Tests.Databases;

namespace Proxy.Tests.Management;

[OnEachEngine]
internal sealed class HealthTests
{
    [TestCase("/health/liveness")]
    [TestCase("/health/liveliness")]
    public async Task A_running_program_says_so_to_anybody(string path)
    {
        await using var server = await ManagementServer.StartAsync();
        using var client = server.Anonymous();

        var (status, body) = await client.GetJsonAsync(path);
        using var request = new HttpRequestMessage(HttpMethod.Head, new Uri(path, UriKind.Relative));
        using var head = await client.SendAsync(request);

        (status, body.GetString()).Should().Be((200, "I'm alive!"));
        head.StatusCode.Should().Be(HttpStatusCode.OK);
    }

    [Test]
    public async Task Readiness_follows_the_database()
    {
        await using var server = await ManagementServer.StartAsync();
        using var client = server.Anonymous();

        var ready = await client.GetJsonAsync("/health/readiness");
        var database = server.Services.GetRequiredService<Database>();
        database.ReleaseReaders();
        if (server.Database.Postgres is { } postgres) await postgres.CutAsync();
        else File.Move(database.Path!, database.Path + ".away");
        var gone = await client.GetJsonAsync("/health/readiness");

        (ready.Status, ready.Body.GetProperty("status").GetString(), ready.Body.GetProperty("db").GetString())
            .Should().Be((200, "healthy", "connected"));
        (gone.Status, gone.Body.GetProperty("db").GetString()).Should().Be((503, "Not connected"));
    }
}
