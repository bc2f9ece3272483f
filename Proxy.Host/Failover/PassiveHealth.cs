using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.Model;

namespace Proxy.Host.Failover;

/// <summary>Tells the passive health of a cluster of attempts that do not go through YARP's own pipeline.</summary>
internal sealed class PassiveHealth(IEnumerable<IPassiveHealthCheckPolicy> policies)
{
    /// <summary>What became of the exchange's attempt, which was at this destination.</summary>
    public void Tell(HttpContext context, ClusterState cluster, DestinationState destination)
    {
        if (cluster.Model.Config.HealthCheck?.Passive is { Enabled: true, Policy: { } name })
            policies.FirstOrDefault(policy => policy.Name.Equals(name, StringComparison.OrdinalIgnoreCase))?.RequestProxied(context, cluster, destination);
    }
}
