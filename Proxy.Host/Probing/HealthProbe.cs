using Proxy.Host.Configuration;
using Proxy.Host.Models;
using Proxy.Host.Providers;
using Yarp.ReverseProxy;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.Model;

namespace Proxy.Host.Probing;

/// <summary>What a probe of one destination found.</summary>
/// <param name="Fault">Null when it is well.</param>
internal sealed record ProbeResult(string Model, string ModelId, string Provider, string? Fault);

/// <summary>Probes every destination, or those of one model, at once.</summary>
internal sealed class HealthProbe(
    SettingsSource settings, IProxyStateLookup clusters, IProbingRequestFactory requests, ProbeSteering steering, TimeProvider time)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <param name="model">Null for all.</param>
    public async Task<IReadOnlyList<ProbeResult>> ProbeAsync(string? model, CancellationToken cancellationToken)
    {
        var wanted = model is null ? null : settings.Current.Models.Find(model)?.Cluster.Id ?? "";
        var probes = clusters.GetClusters()
            .Where(cluster => cluster.DestinationsState.AllDestinations.Count > 0 && (wanted is null || cluster.ClusterId == wanted))
            .Select(cluster => ProbeAsync(cluster, cancellationToken));
        return [.. (await Task.WhenAll(probes)).SelectMany(results => results).OrderBy(result => result.ModelId, StringComparer.Ordinal)];
    }

    private async Task<IReadOnlyList<ProbeResult>> ProbeAsync(ClusterState cluster, CancellationToken cancellationToken)
    {
        var probed = await Task.WhenAll(cluster.DestinationsState.AllDestinations.Select(destination => ProbeAsync(cluster, destination, cancellationToken)));

        steering.Apply(cluster, [.. probed.Select(one => one.Probing).OfType<DestinationProbingResult>()]);
        foreach (var one in probed) one.Probing?.Response?.Dispose();
        return [.. probed.Select(one => one.Result)];
    }

    private async Task<(ProbeResult Result, DestinationProbingResult? Probing)> ProbeAsync(
        ClusterState cluster, DestinationState destination, CancellationToken cancellationToken)
    {
        var provider = destination.Model.Config.Metadata?.GetValueOrDefault(Deployment.ProviderKey) ?? ProviderNames.OpenAi;
        ProbeResult Result(string? fault) => new(cluster.ClusterId, $"{cluster.ClusterId}/{destination.DestinationId}", provider, fault);

        // It answers from inside the process.
        if (provider == ProviderNames.Demo) return (Result(fault: null), null);

        using var limit = new CancellationTokenSource(Limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            using var request = requests.CreateRequest(cluster.Model, destination.Model);
            var response = await cluster.Model.HttpClient.SendAsync(request, either.Token);
            return (Result(ProbePolicy.FaultOf(response, exception: null)), new DestinationProbingResult(destination, response, exception: null));
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or InvalidOperationException
            || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return (Result(ProbePolicy.FaultOf(response: null, exception)), new DestinationProbingResult(destination, response: null, exception));
        }
    }
}
