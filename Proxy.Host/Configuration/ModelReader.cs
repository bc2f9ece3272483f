using System.Collections.Frozen;
using System.Globalization;
using Proxy.Host.Failover;
using Proxy.Host.Models;
using Proxy.Host.Providers.Bedrock;
using Yarp.ReverseProxy.Configuration;

namespace Proxy.Host.Configuration;

/// <summary>Reads our metadata on YARP's clusters: which models they serve, where, and what follows when they do not.</summary>
internal static class ModelReader
{
    public const string ModelsKey = "Models";
    public const string FallbacksKey = "Fallbacks";
    public const string ContextWindowFallbacksKey = "ContextWindowFallbacks";
    public const string ContentPolicyFallbacksKey = "ContentPolicyFallbacks";
    public const string RetriesKey = "Retries";
    public const string FirstByteTimeoutKey = "FirstByteTimeout";
    public const string TimeoutKey = "Timeout";
    public const string HedgeKey = "Hedge";

    /// <summary>Metadata of destinations that are secrets.</summary>
    private static readonly string[] Credentials = [Deployment.ApiKeyKey, AwsKeys.SecretAccessKeyKey, AwsKeys.SessionTokenKey];

    /// <summary>A model may think for minutes before its first byte; YARP's 100 s would cut it.</summary>
    private static readonly TimeSpan DefaultIdleTimeout = TimeSpan.FromMinutes(10);

    private static readonly string[] FallbackKeys = [FallbacksKey, ContextWindowFallbacksKey, ContentPolicyFallbacksKey];

    public static List<ModelCluster> Read(IReadOnlyList<ClusterConfig> clusters, List<string> faults, List<string> warnings)
    {
        var models = clusters.Select(cluster => Read(cluster, faults, warnings)).ToList();
        foreach (var twice in models.SelectMany(model => model.Names).GroupBy(name => name, StringComparer.Ordinal).Where(group => group.Count() > 1))
            faults.Add($"The model name '{twice.Key}' stands on more than one cluster.");

        var names = models.SelectMany(model => model.Names).ToHashSet(StringComparer.Ordinal);
        foreach (var cluster in clusters)
        {
            foreach (var missing in FallbackKeys.SelectMany(key => List(cluster, key)).Distinct().Where(fallback => !IsServed(fallback, names)))
                faults.Add($"Cluster '{cluster.ClusterId}' falls back to '{missing}', which no cluster serves.");
        }

        return models;
    }

    public static List<string> Split(string? list) =>
        [.. (list ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];

    /// <summary>Whether one of the names that clusters have is this model's, or a wildcard that matches it.</summary>
    public static bool IsServed(string model, HashSet<string> names) =>
        names.Contains(model) || names.Any(name => ModelCatalog.IsWildcard(name) && model.StartsWith(name[..^1], StringComparison.Ordinal));

    public static ClusterTimeouts TimeoutsOf(ClusterConfig cluster, Action<string>? report = null)
    {
        var idle = cluster.HttpRequest?.ActivityTimeout ?? DefaultIdleTimeout;
        return new ClusterTimeouts(
            Duration(cluster, FirstByteTimeoutKey, report) ?? idle, idle, Duration(cluster, TimeoutKey, report) ?? Timeout.InfiniteTimeSpan);
    }

    private static ModelCluster Read(ClusterConfig cluster, List<string> faults, List<string> warnings)
    {
        void Fault(string text) => faults.Add($"Cluster '{cluster.ClusterId}' {text}.");

        var deployments = new Dictionary<string, Deployment>(StringComparer.OrdinalIgnoreCase);
        foreach (var (id, destination) in cluster.Destinations ?? new Dictionary<string, DestinationConfig>())
        {
            var deployment = Deployment.Read(destination, fault => faults.Add($"Destination '{id}' of cluster '{cluster.ClusterId}': {fault}."));
            if (deployment is not null) deployments[id] = deployment;
            foreach (var key in Credentials)
            {
                if (destination.Metadata?.GetValueOrDefault(key) is { Length: > 0 } reference && CredentialReference.IsLiteral(reference) && !destination.Metadata.ContainsKey(StoredModels.StoredKey))
                    warnings.Add($"The {key} of destination '{id}' of cluster '{cluster.ClusterId}' stands in the configuration; prefer env:NAME or file:PATH.");
            }
        }

        if (cluster.Destinations is not { Count: > 0 }) Fault("has no destinations");
        if (cluster.ClusterId == RouteReader.PlaceholderCluster.ClusterId) Fault("has a name that is the gateway's own");
        if (cluster.SessionAffinity is { Enabled: true })
            Fault("asks for SessionAffinity, whose mark no answer of this gateway carries; use the load balancing policy HeaderHash");
        if (cluster.HttpRequest?.ActivityTimeout is { } idle && (idle <= TimeSpan.Zero || idle > TimeSpan.FromDays(1)))
            Fault($"has the ActivityTimeout {idle}, which is not between 0 and a day");

        IReadOnlyList<string> names = List(cluster, ModelsKey) is { Count: > 0 } list ? list : [cluster.ClusterId];
        foreach (var name in names.Where(name => name.IndexOf('*') is >= 0 and var star && star < name.Length - 1))
            faults.Add($"The model name '{name}' has a wildcard that is not at its end.");

        var text = cluster.Metadata?.GetValueOrDefault(RetriesKey);
        var retries = 0;
        if (text is not null && (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out retries) || retries > 10))
            Fault($"has {RetriesKey} '{text}', which is not a number from 0 to 10");
        if (cluster.Metadata?.GetValueOrDefault(CooldownPolicy.AllowedFailsKey) is { } fails && !int.TryParse(fails, NumberStyles.None, CultureInfo.InvariantCulture, out _))
            Fault($"has {CooldownPolicy.AllowedFailsKey} '{fails}', which is not a number from 0 on");
        _ = Duration(cluster, Cooldown.TimeKey, Fault);
        var isHedged = false;
        if (cluster.Metadata?.GetValueOrDefault(HedgeKey) is { } hedge && !bool.TryParse(hedge, out isHedged)) Fault($"has {HedgeKey} '{hedge}', which is not true or false");

        return new ModelCluster(cluster.ClusterId, names, deployments.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase), TimeoutsOf(cluster, Fault))
        {
            Retries = text is null ? null : retries,
            IsHedged = isHedged,
            Fallbacks = new FallbackLists(List(cluster, FallbacksKey), List(cluster, ContextWindowFallbacksKey), List(cluster, ContentPolicyFallbacksKey)),
        };
    }

    private static TimeSpan? Duration(ClusterConfig cluster, string key, Action<string>? report)
    {
        if (cluster.Metadata?.GetValueOrDefault(key) is not { } text) return null;
        if (TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var duration) && duration > TimeSpan.Zero && duration < TimeSpan.FromDays(2)) return duration;

        report?.Invoke($"has {key} '{text}', which is not a time such as 00:00:30");
        return null;
    }

    private static List<string> List(ClusterConfig cluster, string key) => Split(cluster.Metadata?.GetValueOrDefault(key));
}
