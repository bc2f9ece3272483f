using System.Collections.Frozen;

namespace Proxy.Host.Models;

/// <summary>Finds the cluster that serves a model name: an exact name or an alias first, then the longest wildcard.</summary>
internal sealed class ModelCatalog
{
    private readonly FrozenDictionary<string, ModelCluster> _byId;
    private readonly FrozenDictionary<string, ModelMatch> _exact;
    private readonly (string Prefix, ModelCluster Cluster)[] _wildcards;
    private readonly ILookup<string, string> _aliases;
    private readonly ILookup<(string Cluster, string Sent), string> _namesBySent;

    /// <param name="clusters">Their names are unique, and their ids.</param>
    /// <param name="aliases">Other names for models; no alias is the name of a cluster.</param>
    public ModelCatalog(IReadOnlyCollection<ModelCluster> clusters, IReadOnlyDictionary<string, string> aliases)
    {
        Clusters = clusters;
        _byId = clusters.ToFrozenDictionary(cluster => cluster.Id);
        _aliases = aliases.ToLookup(alias => alias.Value, alias => alias.Key);
        var named = clusters.SelectMany(cluster => cluster.Names, (cluster, name) => (Name: name, Cluster: cluster)).ToList();
        _wildcards = [.. named.Where(entry => IsWildcard(entry.Name))
            .Select(entry => (entry.Name[..^1], entry.Cluster))
            .OrderByDescending(entry => entry.Item1.Length)];

        var exact = named.Where(entry => !IsWildcard(entry.Name)).ToDictionary(entry => entry.Name, entry => new ModelMatch(entry.Name, entry.Cluster, entry.Name));
        _namesBySent = exact.Values.Where(match => match.Cluster.Names.Count > 1).ToLookup(match => (match.Cluster.Id, match.Sent), match => match.Model);
        _exact = exact.ToFrozenDictionary();
        foreach (var match in _exact.Values) exact[match.Model] = Named(match);
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
    public DeploymentPlace? FindDeployment(string cluster, string destination) =>
        _byId.TryGetValue(cluster, out var candidate) && candidate.Deployments.TryGetValue(destination, out var deployment)
            ? new DeploymentPlace(candidate, destination, deployment)
            : null;

    public static bool IsWildcard(string name) => name.EndsWith('*');

    private ModelMatch? FindWildcard(string model) => MatchWildcard(model) is { } match ? Named(match) : null;

    private ModelMatch? MatchWildcard(string model)
    {
        foreach (var (prefix, candidate) in _wildcards)
        {
            if (model.StartsWith(prefix, StringComparison.Ordinal)) return new ModelMatch(model, candidate, model[prefix.Length..]);
        }

        return null;
    }

    /// <summary>Names of one cluster are of one model where its providers are asked for the same.</summary>
    private ModelMatch Named(ModelMatch match)
    {
        if (match.Cluster.Names.Count == 1 && _aliases.Count == 0) return match;

        List<string> names = [match.Model];
        if (match.Cluster.Names.Count > 1)
        {
            var sent = match.Sent;
            var matched = match.Cluster.Names.Where(IsWildcard).Select(name => name[..^1] + match.WildcardMatch)
                .Where(name => !_exact.ContainsKey(name) && MatchWildcard(name) is { } other && other.Cluster.Id == match.Cluster.Id && other.Sent == sent);
            names = [.. names.Concat(_namesBySent[(match.Cluster.Id, sent)]).Concat(matched).Distinct()];
        }

        return match with { Names = [.. names, .. names.SelectMany(name => _aliases[name])] };
    }
}
