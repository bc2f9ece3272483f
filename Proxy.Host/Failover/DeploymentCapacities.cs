using System.Runtime.CompilerServices;
using Proxy.Host.Models;
using Proxy.Management.Limits;
using Yarp.ReverseProxy.Model;

namespace Proxy.Host.Failover;

/// <summary>What is in use of the deployments that have limits of their own. It outlasts a reload, as YARP's destinations do.</summary>
internal sealed class DeploymentCapacities(TimeProvider time)
{
    private readonly ConditionalWeakTable<DestinationState, Capacity> _capacities = [];

    public bool IsFull(DestinationState destination, Deployment deployment, out TimeSpan? wait)
    {
        wait = null;
        return deployment.Limits != CapacityLimits.None && Of(destination).IsFull(deployment.Limits, out wait);
    }

    /// <returns>False when it is full. A deployment without limits needs no permit.</returns>
    public bool TryTake(DestinationState destination, Deployment deployment, long tokens, out CapacityPermit? permit)
    {
        permit = deployment.Limits == CapacityLimits.None ? null : Of(destination).TryTake(deployment.Limits, tokens);
        return permit is not null || deployment.Limits == CapacityLimits.None;
    }

    private Capacity Of(DestinationState destination) => _capacities.GetValue(destination, _ => new Capacity(time));
}
