using System.Collections.Frozen;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Host.Exchanges;
using Proxy.Host.Failover;
using Proxy.Host.Models;
using Proxy.Host.Prometheus;
using Proxy.Host.Providers;
using Proxy.Host.Recording;
using Proxy.Management.Spend;
using Yarp.ReverseProxy.Configuration;

namespace Proxy.Tests.Gateway;

/// <summary>What counting a call costs.</summary>
internal sealed class CallFiguresTests
{
    [Test]
    public void Counting_a_call_of_a_known_series_allocates_nothing()
    {
        var now = DateTimeOffset.UnixEpoch;
        var deployment = Deployment.Read(new DestinationConfig { Address = "https://api.openai.com/v1" }, static _ => { })!;
        var cluster = new ModelCluster("gpt-4o", ["gpt-4o"], new Dictionary<string, Deployment> { ["first"] = deployment }.ToFrozenDictionary(), null!);
        var target = new ModelMatch("gpt-4o", cluster, "gpt-4o");
        using var exchange = new Exchange(Guid.NewGuid(), now, null!, ApiOperation.Chat) { Target = target, EndedAt = now.AddMilliseconds(401) };
        exchange.Attempts.Add(exchange.Attempt = new Attempt(target, "first", deployment, null!, now.AddMilliseconds(1)) { LastByteAt = now.AddMilliseconds(400) });
        var figures = new CallFigures(new MetricsOptions());
        var bill = new Bill(new TokenUsage(100, 0, 0, 20, 0), 0.01m, 0.02m, IsEstimated: false, IsUnpriced: false);
        figures.Count(exchange, bill);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++) figures.Count(exchange, bill);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        allocated.Should().BeLessThan(1000, "of a thousand calls none may allocate");
        figures.Calls.All.Single().Value.Calls.Should().Be(1001);
    }
}
