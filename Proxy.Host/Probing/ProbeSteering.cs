using Proxy.Host.Configuration;
using Proxy.Host.Failover;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.Model;

namespace Proxy.Host.Probing;

/// <summary>Lets what a probe on demand found count for the next call.</summary>
internal sealed class ProbeSteering(SettingsSource settings, IDestinationHealthUpdater health)
{
    /// <remarks>
    /// Where a timer probes, it is one more probe. Elsewhere nobody would look again at what was taken out, so a failed probe counts as a failed call does:
    /// the destination is left alone for its cooldown. One that goes well lifts no cooldown, which may be the time that a provider asked for.
    /// </remarks>
    public void Apply(ClusterState cluster, IReadOnlyList<DestinationProbingResult> results)
    {
        if (cluster.Model.Config.HealthCheck?.Active?.Enabled == true)
        {
            new ProbePolicy(health).ProbingCompleted(cluster, results);
            return;
        }

        foreach (var result in results)
        {
            if (ProbePolicy.FaultOf(result.Response, result.Exception) is null || !Cooldown.MayBegin(cluster, result.Destination)) continue;

            health.SetPassive(cluster, result.Destination, DestinationHealth.Unhealthy, Cooldown.TimeOf(cluster, settings.Current));
        }
    }
}
