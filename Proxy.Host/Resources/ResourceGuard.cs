using Proxy.Host.Exchanges;
using Proxy.Host.Models;
using Proxy.Management.Errors;
using Proxy.Management.Resources;

namespace Proxy.Host.Resources;

/// <summary>Sees to it that calls refer only to what their caller's own calls made, and go to where that is kept.</summary>
/// <remarks>All callers share a provider's credential, so the provider itself would give anything to anybody who knows its id.</remarks>
internal sealed class ResourceGuard(ResourceStore resources)
{
    /// <summary>Each is looked up by itself.</summary>
    public const int MaxReferences = 256;

    /// <summary>Checks what the body refers to, and notes which account has it.</summary>
    public ValueTask<ProxyError?> CheckAsync(Exchange exchange, CancellationToken cancellationToken) =>
        exchange.Request!.References.Count == 0 ? default : CheckEachAsync(exchange, cancellationToken);

    /// <returns>What has the id and is the caller's, with the deployment that has it; null when there is nothing of the kind.</returns>
    public async Task<(Resource Resource, DeploymentPlace Place)?> FindAsync(Exchange exchange, string id, CancellationToken cancellationToken)
    {
        foreach (var resource in await resources.FindAsync(id, cancellationToken))
        {
            if (resource.Owner.Includes(exchange.Caller!) && exchange.Settings.Models.FindDeployment(resource.Cluster, resource.Destination) is { } place) return (resource, place);
        }

        return null;
    }

    private async ValueTask<ProxyError?> CheckEachAsync(Exchange exchange, CancellationToken cancellationToken)
    {
        var references = exchange.Request!.References;
        if (references.Count > MaxReferences) return ResourceErrors.TooMany;

        foreach (var reference in references)
        {
            var known = await resources.FindAsync(reference.Id, cancellationToken);
            if (known.Count == 0 && (reference.MayBeUnknown || exchange.Settings.Requests.AllowUnknownIds)) continue;

            var holders = known.Where(resource => resource.Owner.Includes(exchange.Caller!))
                .Select(resource => exchange.Settings.Models.FindDeployment(resource.Cluster, resource.Destination)).OfType<DeploymentPlace>().ToList();
            if (holders.Count == 0) return ResourceErrors.Unknown(reference);
            if (holders.Find(holder => IsReachable(exchange, holder.Deployment)) is not { } reachable) return ResourceErrors.Elsewhere(reference, exchange.Model ?? "");

            exchange.Holder = reachable;
        }

        return null;
    }

    /// <summary>Whether one of the call's destinations has the account, and what the call refers to beside it is there too.</summary>
    private static bool IsReachable(Exchange exchange, Deployment holder)
    {
        if (exchange.Holder is { } other && !other.Deployment.SharesAccountWith(holder)) return false;
        return exchange.Cluster is not { } cluster || DeploymentPlace.FindAccount(cluster, holder) is not null;
    }
}
