using Proxy.Host.Exchanges;
using Proxy.Host.Models;
using Proxy.Host.Providers;
using Proxy.Management.Resources;

namespace Proxy.Host.Resources;

/// <summary>Which deployment's account things are made in, and which model they are counted to.</summary>
/// <remarks>It is always the first by its name, so that what is made in one call is listed in the next.</remarks>
internal static class ResourcePlaces
{
    /// <returns>Null when no destination of the cluster speaks the API.</returns>
    public static DeploymentPlace? In(ModelCluster cluster, ApiOperation operation) => In(cluster, deployment => deployment.Dialect.Serves(operation));

    /// <summary>Of the models that the caller may use, the first that is at the provider.</summary>
    public static DeploymentPlace? Of(string provider, Exchange exchange)
    {
        foreach (var cluster in exchange.Settings.Models.Clusters.OrderBy(cluster => cluster.Id, StringComparer.Ordinal))
        {
            var place = In(cluster, deployment => deployment.Provider == provider && deployment.Dialect.Serves(exchange.Operation!));
            if (place is null) continue;

            var model = MatchOf(cluster, exchange.Settings.Models).Model;
            if (exchange.Caller!.FindModelRefusal(model, exchange.Settings.AccessGroups.Of(cluster.Id)) is null) return place;
        }

        return null;
    }

    public static ModelMatch MatchOf(ModelCluster cluster, ModelCatalog models) => models.Find(cluster.Names[0]) ?? new ModelMatch(cluster.Names[0], cluster, cluster.Names[0]);

    /// <summary>The model that a resource was made with, if the configuration still leads there.</summary>
    public static ModelMatch MatchOf(Resource resource, ModelCluster cluster, ModelCatalog models) =>
        models.Find(resource.Model) is { } match && match.Cluster == cluster ? match : new ModelMatch(resource.Model, cluster, resource.Model);

    private static DeploymentPlace? In(ModelCluster cluster, Func<Deployment, bool> isMeant)
    {
        var found = cluster.Deployments.Where(pair => isMeant(pair.Value)).OrderBy(pair => pair.Key, StringComparer.Ordinal).Take(1).ToList();
        return found.Count == 0 ? null : new DeploymentPlace(cluster, found[0].Key, found[0].Value);
    }
}
