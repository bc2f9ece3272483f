using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using FluentAssertions;
using Microsoft.AspNetCore.DataProtection;
using NUnit.Framework;
using Proxy.Logging.Records;

namespace Proxy.Tests.Logging;

/// <summary>Two hundred teams, each with a project: one pool of connections and a few threads for all of them.</summary>
internal sealed class ManyTargetsTests
{
    private const int Targets = 200;

    [Test]
    public async Task Two_hundred_targets_share_threads_and_connections_and_a_dead_one_delays_none()
    {
        using var database = new TempOutboxDatabase();
        await using var langfuse = await FakeLangfuse.StartAsync();
        using var dead = new TcpListener(IPAddress.Loopback, 0);
        dead.Start(); // it takes connections, and never says a word
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        langfuse.Answer = async _ =>
        {
            await held.Task;
            return FakeAnswer.Ok;
        };
        var projects = Enumerable.Range(0, Targets).Select(i => langfuse.AddProject($"team-{i}")).ToList();
        using var log = await TestLog.StartAsync(database, new EphemeralDataProtectionProvider(), configure: options => options.ShutdownTimeout = TimeSpan.Zero);
        var threads = Process.GetCurrentProcess().Threads.Count;

        await log.RecordAsync(new LogTarget(new Uri($"http://{dead.LocalEndpoint}"), "pk-lf-dead", "sk") { IsTrusted = true }, Some.Record());
        foreach (var project in projects) await log.RecordAsync(project.Target, Some.Record());
        foreach (var project in projects) await langfuse.WaitForRequestsAsync(project.PublicKey, 1);
        var whileAllWait = Process.GetCurrentProcess().Threads.Count;
        held.SetResult();
        foreach (var project in projects) await langfuse.WaitForSpansAsync(project.PublicKey, 1);
        await database.WaitForCountAsync("outbox", 1);

        // One after the other: a pool of its own for each target would open a connection for each.
        var connections = langfuse.Connections.Count;
        foreach (var project in projects)
        {
            await log.RecordAsync(project.Target, Some.Record());
            await langfuse.WaitForSpansAsync(project.PublicKey, 2);
        }

        await database.WaitForCountAsync("outbox", 1); // the dead target's
        (whileAllWait - threads).Should().BeLessThan(Targets / 4, "a request under way holds no thread");
        connections.Should().BeLessThanOrEqualTo(Targets);
        (langfuse.Connections.Count - connections).Should().BeLessThan(Targets / 10, "what was opened is used again, whoever it was opened for");
        await log.StopAsync();
    }
}
