using System.Collections.Frozen;
using Proxy.Host.Models;
using Proxy.Host.Providers;
using Yarp.ReverseProxy.Configuration;

namespace Proxy.Host.Configuration;

/// <summary>Reads our metadata on YARP's clusters: which models they serve, and where.</summary>
internal static class ModelReader
{
    public const string ModelsKey = "Models";
    public const string FallbacksKey = "Fallbacks";

    /// <summary>Set by <see cref="Prepare"/> on clusters that answer from inside the process.</summary>
    public const string InProcessKey = "(in process)";

    /// <summary>A model may think for minutes before its first byte; YARP's 100 s would cut it.</summary>
    private static readonly TimeSpan DefaultIdleTimeout = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan MaxIdleTimeout = TimeSpan.FromDays(1);

    public static List<ModelCluster> Read(IReadOnlyList<ClusterConfig> clusters, List<string> faults, List<string> warnings)
    {
        var models = clusters.Select(cluster => Read(cluster, faults, warnings)).ToList();
        var names = models.SelectMany(model => model.Names).ToHashSet(StringComparer.Ordinal);

        foreach (var twice in models.SelectMany(model => model.Names).GroupBy(name => name, StringComparer.Ordinal).Where(group => group.Count() > 1))
            faults.Add($"The model name '{twice.Key}' stands on more than one cluster.");
        foreach (var cluster in clusters)
        {
            foreach (var missing in List(cluster, FallbacksKey).Where(fallback => !names.Contains(fallback)))
                faults.Add($"Cluster '{cluster.ClusterId}' falls back to '{missing}', which no cluster serves.");
        }

        return models;
    }

    /// <summary>The cluster as YARP gets it.</summary>
    public static ClusterConfig Prepare(ClusterConfig cluster)
    {
        var metadata = new Dictionary<string, string>(cluster.Metadata ?? new Dictionary<string, string>(), StringComparer.OrdinalIgnoreCase);
        metadata.Remove(InProcessKey);
        if (cluster.Destinations!.Values.Any(destination => destination.Metadata?.GetValueOrDefault(Deployment.ProviderKey) == ProviderNames.Demo))
            metadata[InProcessKey] = bool.TrueString;

        var request = cluster.HttpRequest ?? new Yarp.ReverseProxy.Forwarder.ForwarderRequestConfig();
        return cluster with { Metadata = metadata, HttpRequest = request with { ActivityTimeout = IdleTimeoutOf(cluster) } };
    }

    private static ModelCluster Read(ClusterConfig cluster, List<string> faults, List<string> warnings)
    {
        var deployments = new Dictionary<string, Deployment>(StringComparer.OrdinalIgnoreCase);
        foreach (var (id, destination) in cluster.Destinations ?? new Dictionary<string, DestinationConfig>())
        {
            var deployment = Deployment.Read(destination, fault => faults.Add($"Destination '{id}' of cluster '{cluster.ClusterId}': {fault}."));
            if (deployment is not null) deployments[id] = deployment;
            if (destination.Metadata?.GetValueOrDefault(Deployment.ApiKeyKey) is { Length: > 0 } reference && CredentialReference.IsLiteral(reference))
                warnings.Add($"The {Deployment.ApiKeyKey} of destination '{id}' of cluster '{cluster.ClusterId}' stands in the configuration; prefer env:NAME or file:PATH.");
        }

        if (cluster.Destinations is not { Count: > 0 }) faults.Add($"Cluster '{cluster.ClusterId}' has no destinations.");
        if (cluster.ClusterId == RouteReader.PlaceholderCluster.ClusterId)
            faults.Add($"The cluster name '{cluster.ClusterId}' is the gateway's own.");
        if (cluster.HttpRequest?.ActivityTimeout is { } timeout && (timeout <= TimeSpan.Zero || timeout > MaxIdleTimeout))
            faults.Add($"The ActivityTimeout of cluster '{cluster.ClusterId}' is {timeout}, not between 0 and {MaxIdleTimeout}.");
        if (cluster.SessionAffinity is { Enabled: true, Policy: null or "HashCookie" })
            faults.Add($"Cluster '{cluster.ClusterId}' asks for session affinity by hash cookie, which this build lacks; use Cookie or CustomHeader.");

        IReadOnlyList<string> names = List(cluster, ModelsKey) is { Count: > 0 } list ? list : [cluster.ClusterId];
        foreach (var name in names.Where(name => name.IndexOf('*') is >= 0 and var star && star < name.Length - 1))
            faults.Add($"The model name '{name}' has a wildcard that is not at its end.");

        return new ModelCluster(cluster.ClusterId, names, deployments.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase), IdleTimeoutOf(cluster));
    }

    private static TimeSpan IdleTimeoutOf(ClusterConfig cluster) => cluster.HttpRequest?.ActivityTimeout ?? DefaultIdleTimeout;

    private static List<string> List(ClusterConfig cluster, string key) =>
        [.. (cluster.Metadata?.GetValueOrDefault(key) ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];
}
