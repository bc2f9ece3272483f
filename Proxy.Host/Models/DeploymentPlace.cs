namespace Proxy.Host.Models;

/// <summary>A deployment, and where it stands in the configuration.</summary>
internal sealed record DeploymentPlace(ModelCluster Cluster, string DestinationId, Deployment Deployment)
{
    /// <summary>Any destination of the cluster with the same account; null when there is none.</summary>
    public static DeploymentPlace? FindAccount(ModelCluster cluster, Deployment account)
    {
        foreach (var (id, deployment) in cluster.Deployments)
        {
            if (deployment.SharesAccountWith(account)) return new DeploymentPlace(cluster, id, deployment);
        }

        return null;
    }
}
