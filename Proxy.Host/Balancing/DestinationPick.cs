using Yarp.ReverseProxy.LoadBalancing;
using Yarp.ReverseProxy.Model;

namespace Proxy.Host.Balancing;

/// <summary>Picks by the cluster's own policy, for attempts that do not go through YARP's pipeline. It takes the names of policies as YARP does, whatever their case.</summary>
internal sealed class DestinationPick(IEnumerable<ILoadBalancingPolicy> policies)
{
    /// <returns>Null when there is none.</returns>
    public DestinationState? From(HttpContext context, ClusterState cluster, IReadOnlyList<DestinationState> open)
    {
        if (open.Count < 2) return open.Count == 0 ? null : open[0];

        var name = cluster.Model.Config.LoadBalancingPolicy ?? LoadBalancingPolicies.PowerOfTwoChoices;
        return policies.First(policy => policy.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).PickDestination(context, cluster, open);
    }
}
