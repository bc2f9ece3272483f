using Proxy.Host.Exchanges;
using Proxy.Host.Providers;
using Proxy.Management.Resources;

namespace Proxy.Host.Resources;

/// <summary>What a finished call made at its provider, for the commit of its spend.</summary>
internal static class ResourceBook
{
    public static IReadOnlyList<Resource> Of(Exchange exchange)
    {
        // Ids of a translated answer are the gateway's own words; nobody keeps anything under them.
        if (exchange.Answer.Resources is not { Count: > 0 } made || exchange.Attempt is not { Translation: null } attempt || exchange.Caller is not { } caller) return [];
        if (exchange.Operation == ApiOperation.Response && !exchange.Request!.IsStored) return [];

        var owner = ResourceOwner.Of(caller);
        return [.. made.Distinct().Select(resource => new Resource
        {
            Id = resource.Id,
            Kind = resource.Kind,
            Cluster = attempt.Cluster.Id,
            Destination = attempt.DestinationId,
            Model = exchange.Model ?? "",
            Owner = owner,
            CreatedAt = exchange.StartedAt,
        })];
    }
}
