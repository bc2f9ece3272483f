using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Proxy.Host.Exchanges;
using Proxy.Host.Providers;
using Proxy.Management.Prices;
using Proxy.Management.Resources;

namespace Proxy.Host.Resources;

/// <summary>Sees to it that what goes on at a provider after its answer is billed once, by the call that first sees how it ended.</summary>
internal sealed class Settlements(ResourceStore resources)
{
    // Two clients may look at the same time; the database knows only what is committed.
    private readonly ConcurrentDictionary<(string Id, string Cluster, string Destination), bool> _underWay = [];

    /// <summary>Notes on the exchange what it would settle. Whoever disposes of the claim lets others try.</summary>
    public async Task<IDisposable?> ClaimAsync(Exchange exchange, ResourceCall call)
    {
        if (FindOpen(exchange, call) is not { } open) return null;

        var place = (open.Id, open.Cluster, open.Destination);
        if (!_underWay.TryAdd(place, true)) return null;

        // Whoever had it before may have settled it since it was read.
        if (await IsSettledAsync(open, exchange.ClientLeft))
        {
            _underWay.TryRemove(place, out _);
            return null;
        }

        if (exchange.Operation == ApiOperation.Batches) exchange.Request!.ServiceTier = ServiceTier.Batch;
        exchange.Settled = open;
        return new Claim(this, place);
    }

    private static Resource? FindOpen(Exchange exchange, ResourceCall call)
    {
        if (call.Path.RunId is { } run && call.Resource is { } thread)
            return thread with { Id = run, Kind = ResourceKinds.Run, Owner = ResourceOwner.Of(exchange.Caller!), CreatedAt = exchange.StartedAt };

        return call is { Resource: { IsSettled: false } open, Path.Tail: "" or "/cancel" } ? open : null;
    }

    private async Task<bool> IsSettledAsync(Resource open, CancellationToken cancellationToken)
    {
        foreach (var row in await resources.FindAsync(open.Id, cancellationToken))
        {
            if (row.Cluster == open.Cluster && row.Destination == open.Destination) return row.IsSettled;
        }

        return false;
    }

    [SuppressMessage("Design", "CA1001", Justification = "It holds nothing itself.")]
    private sealed class Claim(Settlements desk, (string, string, string) place) : IDisposable
    {
        public void Dispose() => desk._underWay.TryRemove(place, out _);
    }
}
