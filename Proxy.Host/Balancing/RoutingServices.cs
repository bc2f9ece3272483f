using Proxy.Host.Failover;
using Proxy.Host.Hedging;
using Proxy.Host.Probing;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.LoadBalancing;

namespace Proxy.Host.Balancing;

/// <summary>Our policies beside YARP's, under the names that configuration gives them.</summary>
internal static class RoutingServices
{
    public static void AddRoutingPolicies(this IServiceCollection services)
    {
        services.AddSingleton<DeploymentStats>();
        services.AddSingleton<DeploymentCapacities>();
        services.AddSingleton<DestinationChoice>();
        services.AddSingleton<DestinationPick>();
        services.AddSingleton<PassiveHealth>();
        services.AddSingleton<HedgePlanner>();
        services.AddSingleton<ILoadBalancingPolicy, WeightedPolicy>();
        services.AddSingleton<ILoadBalancingPolicy, LowestLatencyPolicy>();
        services.AddSingleton<ILoadBalancingPolicy, LowestCostPolicy>();
        services.AddSingleton<ILoadBalancingPolicy, LeastTokensPolicy>();
        services.AddSingleton<ILoadBalancingPolicy, HeaderHashPolicy>();
        services.AddSingleton<IPassiveHealthCheckPolicy, CooldownPolicy>();
        services.AddSingleton<IActiveHealthCheckPolicy, ProbePolicy>();
        services.AddSingleton<IProbingRequestFactory, ProbeRequestFactory>();
    }
}
