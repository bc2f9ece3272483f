using System.Collections.Frozen;
using Yarp.ReverseProxy.Configuration;

namespace Proxy.Host.Models;

/// <summary>Names under which keys and teams are given several models at once: a cluster's metadata <c>AccessGroups</c>.</summary>
internal sealed class AccessGroups
{
    public const string MetadataKey = "AccessGroups";

    private readonly FrozenDictionary<string, string[]> _groups;

    private AccessGroups(FrozenDictionary<string, string[]> groups) => _groups = groups;

    public static AccessGroups Read(IEnumerable<ClusterConfig> clusters) => new(clusters
        .Where(cluster => !string.IsNullOrWhiteSpace(cluster.Metadata?.GetValueOrDefault(MetadataKey)))
        .ToFrozenDictionary(
            cluster => cluster.ClusterId,
            cluster => cluster.Metadata![MetadataKey].Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)));

    /// <summary>The groups that a model's cluster is in.</summary>
    public IReadOnlyList<string> Of(string? clusterId) => clusterId is not null && _groups.TryGetValue(clusterId, out var groups) ? groups : [];
}
