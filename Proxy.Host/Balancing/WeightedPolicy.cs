using Proxy.Host.Exchanges;
using Yarp.ReverseProxy.LoadBalancing;
using Yarp.ReverseProxy.Model;

namespace Proxy.Host.Balancing;

/// <summary>By chance, in proportion to the destinations' <c>Weight</c>. A weight of 0 gets calls only when nobody else is there.</summary>
internal sealed class WeightedPolicy : ILoadBalancingPolicy
{
    public string Name => "Weighted";

    public DestinationState? PickDestination(HttpContext context, ClusterState cluster, IReadOnlyList<DestinationState> availableDestinations)
    {
        if (availableDestinations.Count == 0) return null;

        var exchange = context.Exchange;
        var whole = 0d;
        foreach (var destination in availableDestinations) whole += WeightOf(exchange, destination);

        // Chance only spreads the load; nobody gains from guessing it.
        var point = Random.Shared.NextDouble() * whole;
        foreach (var destination in availableDestinations)
        {
            point -= WeightOf(exchange, destination);
            if (point < 0) return destination;
        }

        return availableDestinations[Random.Shared.Next(availableDestinations.Count)];
    }

    private static double WeightOf(Exchange exchange, DestinationState destination) =>
        exchange.Cluster!.Deployments.GetValueOrDefault(destination.DestinationId)?.Weight ?? 1;
}
