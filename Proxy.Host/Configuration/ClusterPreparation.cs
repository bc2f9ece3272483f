using Proxy.Host.Failover;
using Proxy.Host.Models;
using Proxy.Host.Probing;
using Proxy.Host.Providers;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Health;

namespace Proxy.Host.Configuration;

/// <summary>Completes a cluster of the file for YARP.</summary>
internal static class ClusterPreparation
{
    /// <summary>Set on clusters that answer from inside the process.</summary>
    public const string InProcessKey = "(in process)";

    /// <summary>YARP's own limit stands behind ours, so that ours says what happened.</summary>
    private static readonly TimeSpan Behind = TimeSpan.FromSeconds(5);

    public static ClusterConfig Prepare(ClusterConfig cluster)
    {
        var metadata = new Dictionary<string, string>(cluster.Metadata ?? new Dictionary<string, string>(), StringComparer.OrdinalIgnoreCase);
        metadata.Remove(InProcessKey);
        if (cluster.Destinations!.Values.Any(destination => destination.Metadata?.GetValueOrDefault(Deployment.ProviderKey) == ProviderNames.Demo))
            metadata[InProcessKey] = bool.TrueString;

        var timeouts = ModelReader.TimeoutsOf(cluster);
        var longest = timeouts.FirstByte > timeouts.Idle ? timeouts.FirstByte : timeouts.Idle;
        return cluster with
        {
            Metadata = metadata,
            HttpRequest = (cluster.HttpRequest ?? new ForwarderRequestConfig()) with { ActivityTimeout = longest + Behind },
            HealthCheck = WithCooldown(cluster.HealthCheck),
        };
    }

    /// <summary>Cooldown, and probes of our own, unless the operator chose otherwise; and when nobody is well, everybody is tried.</summary>
    private static HealthCheckConfig WithCooldown(HealthCheckConfig? health)
    {
        health ??= new HealthCheckConfig();
        return health with
        {
            Passive = health.Passive ?? new PassiveHealthCheckConfig { Enabled = true, Policy = CooldownPolicy.PolicyName },
            Active = health.Active is { Enabled: true, Policy: null } active ? active with { Policy = ProbePolicy.PolicyName } : health.Active,
            AvailableDestinationsPolicy = health.AvailableDestinationsPolicy ?? HealthCheckConstants.AvailableDestinations.HealthyOrPanic,
        };
    }
}
