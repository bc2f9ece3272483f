using System.Collections.Frozen;

namespace Proxy.Host.Models;

/// <summary>Finds the cluster that serves a model name: an exact name or an alias first, then the longest wildcard.</summary>
internal sealed class ModelCatalog
{
    private readonly FrozenDictionary<string, ModelMatch> _exact;
    private readonly (string Prefix, ModelCluster Cluster)[] _wildcards;

    /// <param name="clusters">Their names are unique.</param>
    /// <param name="aliases">Other names for models; no alias is the name of a cluster.</param>
    public ModelCatalog(IReadOnlyCollection<ModelCluster> clusters, IReadOnlyDictionary<string, string> aliases)
    {
        Clusters = clusters;
        var named = clusters.SelectMany(cluster => cluster.Names, (cluster, name) => (Name: name, Cluster: cluster)).ToList();
        _wildcards = [.. named.Where(entry => IsWildcard(entry.Name))
            .Select(entry => (entry.Name[..^1], entry.Cluster))
            .OrderByDescending(entry => entry.Item1.Length)];

        var exact = named.Where(entry => !IsWildcard(entry.Name)).ToDictionary(entry => entry.Name, entry => new ModelMatch(entry.Name, entry.Cluster, entry.Name));
        foreach (var (alias, model) in aliases)
        {
            if ((exact.GetValueOrDefault(model) ?? FindWildcard(model)) is { } match) exact[alias] = match;
        }

        _exact = exact.ToFrozenDictionary();
    }

    public IReadOnlyCollection<ModelCluster> Clusters { get; }

    /// <summary>The names that can be listed, which a wildcard cannot.</summary>
    public IEnumerable<string> Names => _exact.Keys;

    public ModelMatch? Find(string model) => _exact.TryGetValue(model, out var match) ? match : FindWildcard(model);

    /// <returns>Null when the configuration has it no more.</returns>
    public DeploymentPlace? FindDeployment(string cluster, string destination)
    {
        foreach (var candidate in Clusters)
        {
            if (candidate.Id == cluster && candidate.Deployments.TryGetValue(destination, out var deployment)) return new DeploymentPlace(candidate, destination, deployment);
        }

        return null;
    }

    public static bool IsWildcard(string name) => name.EndsWith('*');

    private ModelMatch? FindWildcard(string model)
    {
        foreach (var (prefix, candidate) in _wildcards)
        {
            if (model.StartsWith(prefix, StringComparison.Ordinal)) return new ModelMatch(model, candidate, model[prefix.Length..]);
        }

        return null;
    }
}
