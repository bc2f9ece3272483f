using Proxy.Host.Exchanges;
using Proxy.Host.Models;
using Yarp.ReverseProxy.Model;

namespace Proxy.Host.Failover;

/// <summary>Which destinations of a cluster an attempt may go to, before the load balancing picks one of them.</summary>
internal sealed class DestinationChoice(DeploymentCapacities capacities)
{
    private const string DefaultTag = "default";

    /// <summary>
    /// Those with room that this call has not tried, of the lowest order, and for its tags; when all were tried, all again.
    /// </summary>
    /// <param name="shortage">Set when all of them are full.</param>
    public IReadOnlyList<DestinationState> Narrow(Exchange exchange, IReadOnlyList<DestinationState> available, out AttemptFailure? shortage)
    {
        var cluster = exchange.Cluster!;
        var usable = Usable(exchange, cluster, available);
        shortage = null;
        if (cluster.IsLimited) usable = WithRoom(exchange, cluster, usable, out shortage);
        if (exchange.Attempts.Count == 0 && !cluster.IsOrdered) return usable;

        var untried = usable.Where(destination => !WasTried(exchange, destination)).ToList();
        IReadOnlyList<DestinationState> open = untried.Count > 0 ? untried : usable;
        return cluster.IsOrdered && open.Count > 1 ? First(cluster, open) : open;
    }

    public bool HasUntried(Exchange exchange, IReadOnlyList<DestinationState> available) =>
        Usable(exchange, exchange.Cluster!, available).Any(
            destination => !WasTried(exchange, destination) && !IsFull(exchange.Cluster!, destination, out _));

    private List<DestinationState> WithRoom(
        Exchange exchange, ModelCluster cluster, IReadOnlyList<DestinationState> usable, out AttemptFailure? shortage)
    {
        var free = new List<DestinationState>(usable.Count);
        TimeSpan? soonest = null;
        foreach (var destination in usable)
        {
            if (!IsFull(cluster, destination, out var wait)) free.Add(destination);
            else if (soonest is null || wait < soonest) soonest = wait ?? soonest;
        }

        shortage = free.Count > 0 || usable.Count == 0 ? null
            : new AttemptFailure(FailureKind.Unavailable, ExchangeErrors.DeploymentsFull(exchange.Model ?? "", soonest));
        return free;
    }

    private bool IsFull(ModelCluster cluster, DestinationState destination, out TimeSpan? wait)
    {
        wait = null;
        return Of(cluster, destination) is { } deployment && capacities.IsFull(destination, deployment, out wait);
    }

    /// <summary>Those that speak the client's API, have what the call refers to, and are meant for its tags.</summary>
    private static IReadOnlyList<DestinationState> Usable(Exchange exchange, ModelCluster cluster, IReadOnlyList<DestinationState> available)
    {
        var isMixed = false;
        foreach (var deployment in cluster.Deployments.Values) isMixed |= !deployment.Dialect.Serves(exchange.Operation!);
        if (isMixed) available = [.. available.Where(destination => Of(cluster, destination)?.Dialect.Serves(exchange.Operation!) != false)];
        if (exchange.Holder is { } holder) available = [.. available.Where(destination => Of(cluster, destination)?.SharesAccountWith(holder.Deployment) == true)];
        if (!cluster.IsTagged) return available;

        var asked = exchange.Request!.Metadata.Tags;
        var meant = available.Where(destination => Of(cluster, destination)?.Tags.Any(asked.Contains) == true).ToList();
        if (meant.Count > 0) return meant;

        var usual = available.Where(destination => Of(cluster, destination)?.Tags.Contains(DefaultTag) == true).ToList();
        return usual.Count > 0 ? usual : [.. available.Where(destination => Of(cluster, destination)?.Tags.Count is null or 0)];
    }

    private static IReadOnlyList<DestinationState> First(ModelCluster cluster, IReadOnlyList<DestinationState> open)
    {
        int OrderOf(DestinationState destination) => Of(cluster, destination)?.Order ?? int.MaxValue;
        var lowest = open.Min(OrderOf);
        return [.. open.Where(destination => OrderOf(destination) == lowest)];
    }

    private static bool WasTried(Exchange exchange, DestinationState destination)
    {
        foreach (var attempt in exchange.Attempts)
        {
            if (attempt.Cluster == exchange.Cluster && attempt.DestinationId == destination.DestinationId) return true;
        }

        return false;
    }

    private static Deployment? Of(ModelCluster cluster, DestinationState destination) => cluster.Deployments.GetValueOrDefault(destination.DestinationId);
}
