using System.Globalization;
using Proxy.Host.Configuration;
using Proxy.Host.Models;
using Yarp.ReverseProxy;
using Yarp.ReverseProxy.Model;

namespace Proxy.Host.Prometheus;

/// <summary>Writes the figures of deployments, and how each is now.</summary>
internal sealed class DeploymentExposition(CallFigures figures, SettingsSource settings, IProxyStateLookup clusters)
{
    private const string Other = "other";

    public async Task WriteAsync(PrometheusText text, CancellationToken cancellationToken)
    {
        WriteStates(text);
        await text.GiveWayAsync(cancellationToken);
        await WriteAttemptsAsync(text, cancellationToken);
        WriteFailures(text);
        await text.GiveWayAsync(cancellationToken);
        WriteFallbacks(text, "litellm_deployment_successful_fallbacks_total", "Calls that another model answered.", figures.Fallbacks);
        WriteFallbacks(text, "litellm_deployment_failed_fallbacks_total", "Calls that no other model answered either.", figures.FailedFallbacks);
    }

    private void WriteStates(PrometheusText text)
    {
        const string Name = "litellm_deployment_state";
        text.Family(Name, "gauge", "0 healthy, 1 after a failure, 2 left alone.");
        var failed = figures.Deployments.All.Where(series => series.Value.HasFailed).Select(series => series.Key.ModelId).ToHashSet(StringComparer.Ordinal);
        foreach (var model in settings.Current.Models.Clusters)
        {
            if (!clusters.TryGetCluster(model.Id, out var cluster)) continue;

            foreach (var destination in cluster.DestinationsState.AllDestinations)
            {
                if (model.Deployments.GetValueOrDefault(destination.DestinationId) is not { } deployment) continue;

                var id = $"{model.Id}/{destination.DestinationId}";
                var isLeft = destination.Health is { Passive: DestinationHealth.Unhealthy } or { Active: DestinationHealth.Unhealthy };
                text.Sample(Name, PrometheusText.Labels(LabelsOf(new DeploymentKey(id, model.Id), deployment)), isLeft ? 2 : failed.Contains(id) ? 1 : 0);
            }
        }
    }

    private async Task WriteAttemptsAsync(PrometheusText text, CancellationToken cancellationToken)
    {
        var all = figures.Deployments.All.Select(series => (Labels: PrometheusText.Labels(LabelsOf(series.Key, series.Value.Deployment)), series.Value)).ToList();
        if (figures.Deployments.Overflow is { } overflow) all.Add((PrometheusText.Labels(LabelsOf(new DeploymentKey(Other, Other), null)), overflow));

        async Task CountAsync(string name, string help, Func<DeploymentSeries, double> value)
        {
            text.Family(name, "counter", help);
            foreach (var (labels, series) in all)
            {
                text.Sample(name, labels, value(series));
                await text.GiveWayAsync(cancellationToken);
            }
        }

        await CountAsync("litellm_deployment_total_requests_total", "Attempts at a deployment.", series => series.Attempts);
        await CountAsync("litellm_deployment_success_responses_total", "Attempts that were answered.", series => series.Successes);
        await CountAsync("litellm_deployment_cooled_down_total", "How often a deployment was left alone for a while.", series => series.Cooldowns);
        text.Family("litellm_deployment_latency_per_output_token", "histogram", "Seconds per token of an answer.");
        foreach (var (labels, series) in all.Where(series => !series.Value.PerToken.IsEmpty))
        {
            text.Histogram("litellm_deployment_latency_per_output_token", labels, series.PerToken);
            await text.GiveWayAsync(cancellationToken);
        }
    }

    private void WriteFailures(PrometheusText text)
    {
        const string Name = "litellm_deployment_failure_responses_total";
        text.Family(Name, "counter", "Attempts that came to nothing.");
        foreach (var (key, tally) in figures.Failures.All)
        {
            text.Sample(
                Name,
                PrometheusText.Labels([.. LabelsOf(key.Deployment, figures.Deployments.Find(key.Deployment)?.Deployment), new("exception_status", key.Status.ToString(CultureInfo.InvariantCulture)), new("exception_class", key.Error)]),
                tally.Count);
        }

        if (figures.Failures.Overflow is { } overflow)
            text.Sample(Name, PrometheusText.Labels([.. LabelsOf(new DeploymentKey(Other, Other), null), new("exception_status", Other), new("exception_class", Other)]), overflow.Count);
    }

    private static void WriteFallbacks(PrometheusText text, string name, string help, SeriesTable<FallbackKey, Tally> fallbacks)
    {
        text.Family(name, "counter", help);
        foreach (var (key, tally) in fallbacks.All) text.Sample(name, PrometheusText.Labels(new("requested_model", key.Model), new("fallback_model", key.Fallback)), tally.Count);
        if (fallbacks.Overflow is { } overflow) text.Sample(name, PrometheusText.Labels(new("requested_model", Other), new("fallback_model", Other)), overflow.Count);
    }

    /// <remarks>Of the address only the host: a path or a query may hold what is nobody's business.</remarks>
    private static Label[] LabelsOf(DeploymentKey key, Deployment? deployment) =>
    [
        new("litellm_model_name", key.UpstreamModel),
        new("model_id", key.ModelId),
        new("api_base", deployment?.Addresses[0].GetLeftPart(UriPartial.Authority)),
        new("api_provider", deployment?.Provider),
    ];
}
