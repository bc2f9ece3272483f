using System.Collections.Frozen;

namespace Proxy.Host.Models;

/// <summary>Finds the cluster that serves a model name: an exact name first, then the longest wildcard.</summary>
internal sealed class ModelCatalog
{
    private readonly FrozenDictionary<string, ModelCluster> _exact;
    private readonly (string Prefix, ModelCluster Cluster)[] _wildcards;

    /// <param name="clusters">Their names are unique.</param>
    public ModelCatalog(IReadOnlyCollection<ModelCluster> clusters)
    {
        var named = clusters.SelectMany(cluster => cluster.Names, (cluster, name) => (Name: name, Cluster: cluster)).ToList();
        _exact = named.Where(entry => !IsWildcard(entry.Name)).ToFrozenDictionary(entry => entry.Name, entry => entry.Cluster);
        _wildcards = [.. named.Where(entry => IsWildcard(entry.Name))
            .Select(entry => (entry.Name[..^1], entry.Cluster))
            .OrderByDescending(entry => entry.Item1.Length)];
    }

    /// <summary>The names that can be listed, which a wildcard cannot.</summary>
    public IEnumerable<string> Names => _exact.Keys;

    public ModelMatch? Find(string model)
    {
        if (_exact.TryGetValue(model, out var cluster)) return new ModelMatch(cluster, model);

        foreach (var (prefix, candidate) in _wildcards)
        {
            if (model.StartsWith(prefix, StringComparison.Ordinal)) return new ModelMatch(candidate, model[prefix.Length..]);
        }

        return null;
    }

    public static bool IsWildcard(string name) => name.EndsWith('*');
}
