using Proxy.Host.Exchanges;
using Proxy.Host.Models;
using Proxy.Management.Spend;
using Yarp.ReverseProxy.LoadBalancing;
using Yarp.ReverseProxy.Model;

namespace Proxy.Host.Balancing;

/// <summary>Picks the destination with the lowest of something; among equals the one with the fewest calls under way.</summary>
internal abstract class LowestPolicy(string name) : ILoadBalancingPolicy
{
    public string Name => name;

    public DestinationState? PickDestination(HttpContext context, ClusterState cluster, IReadOnlyList<DestinationState> availableDestinations)
    {
        DestinationState? best = null;
        var lowest = 0d;
        foreach (var destination in availableDestinations)
        {
            var value = ValueOf(context, destination);
            if (best is not null && (value > lowest || (value == lowest && destination.ConcurrentRequestCount >= best.ConcurrentRequestCount))) continue;

            (best, lowest) = (destination, value);
        }

        return best;
    }

    protected abstract double ValueOf(HttpContext context, DestinationState destination);
}

/// <summary>The quickest to its first byte of late.</summary>
internal sealed class LowestLatencyPolicy(DeploymentStats stats) : LowestPolicy("LowestLatency")
{
    protected override double ValueOf(HttpContext context, DestinationState destination) => stats.LatencyOf(destination).TotalMilliseconds;
}

/// <summary>The one with the fewest tokens in this minute.</summary>
internal sealed class LeastTokensPolicy(DeploymentStats stats) : LowestPolicy("LeastTokens")
{
    protected override double ValueOf(HttpContext context, DestinationState destination) => stats.TokensOf(destination);
}

/// <summary>The cheapest per token, input and output taken together; one without a price comes last.</summary>
internal sealed class LowestCostPolicy() : LowestPolicy("LowestCost")
{
    private static readonly TokenUsage OneOfEach = new(1, 0, 0, 1, 0);

    protected override double ValueOf(HttpContext context, DestinationState destination)
    {
        var exchange = context.Exchange;
        if (exchange.Target is not { } target || target.Cluster.Deployments.GetValueOrDefault(destination.DestinationId) is not Deployment deployment) return double.MaxValue;

        var price = exchange.Settings.Prices.FindPrice($"{target.Cluster.Id}/{destination.DestinationId}", deployment.UpstreamModel(target), target.Model);
        if (price is null) return double.MaxValue;

        var (input, output) = price.CostOf(OneOfEach);
        return (double)(input + output);
    }
}
