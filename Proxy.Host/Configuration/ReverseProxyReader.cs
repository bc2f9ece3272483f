using Proxy.Host.Balancing;
using Proxy.Host.Models;
using Proxy.Host.Prometheus;
using Proxy.Host.Providers;
using Proxy.Host.Providers.Bedrock;
using Yarp.ReverseProxy.Configuration;

namespace Proxy.Host.Configuration;

/// <summary>Reads the section <c>ReverseProxy</c> with YARP's own reader and YARP's own rules.</summary>
internal static class ReverseProxyReader
{
    private static readonly string[] Lists = ["Routes", "Clusters"];
    private static readonly string[] RouteKeys =
    [
        // Policies of a web site (authorization, CORS, time-outs, rate limits) are not applied to calls, so they are refused, not passed over.
        nameof(RouteConfig.Match), nameof(RouteConfig.Order), nameof(RouteConfig.Metadata), nameof(RouteConfig.Transforms),
    ];
    private static readonly string[] ClusterKeys = [.. SectionReader.KeysOf(typeof(ClusterConfig)).Except(["ClusterId"])];
    private static readonly string[] DestinationKeys = SectionReader.KeysOf(typeof(DestinationConfig));

    /// <remarks>YARP's reader throws what its parsers throw (numbers that overflow, unknown words); all of it is the file's fault.</remarks>
    public static async Task<(IReadOnlyList<RouteConfig> Routes, IReadOnlyList<ClusterConfig> Clusters)> ReadAsync(
        IConfigurationSection section, List<string> faults)
    {
        ReportUnknownKeys(section, faults);

        var services = new ServiceCollection();
        services.AddLogging();
        services.AddReverseProxy().LoadFromConfig(section);
        services.AddRoutingPolicies();
        services.AddSingleton(new CallFigures(new MetricsOptions())); // policies count; here nobody looks
        await using var provider = services.BuildServiceProvider();

        try
        {
            var config = provider.GetRequiredService<IProxyConfigProvider>().GetConfig();
            var validator = provider.GetRequiredService<IConfigValidator>();
            foreach (var route in config.Routes) await ValidateRouteAsync(route, validator, faults);
            IReadOnlyList<ClusterConfig> clusters = [.. config.Clusters.Select(WithAddresses)];
            foreach (var cluster in clusters)
                faults.AddRange((await validator.ValidateClusterAsync(cluster)).Select(fault => Sentence(fault.Message)));
            return (config.Routes, clusters);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            faults.Add($"ReverseProxy: {Sentence(exception.Message)}");
            return ([], []);
        }
    }

    private static async Task ValidateRouteAsync(RouteConfig route, IConfigValidator validator, List<string> faults)
    {
        faults.AddRange((await validator.ValidateRouteAsync(route)).Select(fault => Sentence(fault.Message)));

        var api = route.Metadata?.GetValueOrDefault(RouteReader.ApiKey);
        if (api != RouteReader.OpenAiApi)
            faults.Add($"Route '{route.RouteId}' has the metadata {RouteReader.ApiKey} '{api}', which is not known; known is '{RouteReader.OpenAiApi}'.");
        if (route.ClusterId is not null)
            faults.Add($"Route '{route.RouteId}' names a cluster; the model of each call does that, so ClusterId must be left out.");
    }

    /// <summary>A provider that is always at the same place needs no address.</summary>
    private static ClusterConfig WithAddresses(ClusterConfig cluster) => cluster with
    {
        Destinations = cluster.Destinations?.ToDictionary(
            entry => entry.Key,
            entry => string.IsNullOrEmpty(entry.Value.Address) && ProviderDialect.Find(entry.Value.Metadata?.GetValueOrDefault(Deployment.ProviderKey) ?? ProviderNames.OpenAi)?.UsualAddressIn(entry.Value.Metadata?.GetValueOrDefault(AwsKeys.RegionKey)) is { } usual
                ? entry.Value with { Address = usual }
                : entry.Value,
            StringComparer.OrdinalIgnoreCase),
    };

    /// <summary>YARP's reader passes over a misspelt key without a word.</summary>
    private static void ReportUnknownKeys(IConfigurationSection section, List<string> faults)
    {
        SectionReader.ReportUnknown(section, Lists, faults);
        foreach (var route in section.GetSection("Routes").GetChildren()) SectionReader.ReportUnknown(route, RouteKeys, faults);
        foreach (var cluster in section.GetSection("Clusters").GetChildren())
        {
            SectionReader.ReportUnknown(cluster, ClusterKeys, faults);
            foreach (var destination in cluster.GetSection(nameof(ClusterConfig.Destinations)).GetChildren())
                SectionReader.ReportUnknown(destination, DestinationKeys, faults);
        }
    }

    private static string Sentence(string text) => text.EndsWith('.') ? text : text + ".";
}
