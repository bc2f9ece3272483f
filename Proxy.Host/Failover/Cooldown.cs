using System.Globalization;
using Proxy.Host.Configuration;
using Yarp.ReverseProxy.Model;

namespace Proxy.Host.Failover;

/// <summary>When a destination may be left alone, and for how long.</summary>
internal static class Cooldown
{
    public const string TimeKey = "CooldownTime";

    /// <returns>False for the last one of its cluster: one that may be well again is better than none.</returns>
    public static bool MayBegin(ClusterState cluster, DestinationState destination)
    {
        foreach (var other in cluster.DestinationsState.AllDestinations)
        {
            if (other != destination && other.Health.Passive != DestinationHealth.Unhealthy && other.Health.Active != DestinationHealth.Unhealthy) return true;
        }

        return false;
    }

    /// <summary>Where the provider asks for no time of its own.</summary>
    public static TimeSpan TimeOf(ClusterState cluster, ProxySettings settings) =>
        TimeSpan.TryParse(cluster.Model.Config.Metadata?.GetValueOrDefault(TimeKey), CultureInfo.InvariantCulture, out var own) ? own : settings.Routing.CooldownTime;
}
