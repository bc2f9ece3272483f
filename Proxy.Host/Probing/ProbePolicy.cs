using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.Model;

namespace Proxy.Host.Probing;

/// <summary>Takes a destination out of the routing when its probe fails, and back when one goes well. YARP's active health carries it.</summary>
internal sealed class ProbePolicy(IDestinationHealthUpdater health) : IActiveHealthCheckPolicy
{
    public const string PolicyName = "Probe";

    public string Name => PolicyName;

    public void ProbingCompleted(ClusterState cluster, IReadOnlyList<DestinationProbingResult> probingResults) => health.SetActive(
        cluster,
        [.. probingResults.Select(result => new NewActiveDestinationHealth(
            result.Destination, FaultOf(result.Response, result.Exception) is null ? DestinationHealth.Healthy : DestinationHealth.Unhealthy))]);

    /// <summary>What a probe shows to be wrong, as a sentence without addresses; null when nothing is.</summary>
    /// <remarks>A server without a list of models answers 404, which shows that it is there.</remarks>
    public static string? FaultOf(HttpResponseMessage? response, Exception? exception)
    {
        if (response is null) return exception is OperationCanceledException ? "It did not answer in time." : "It could not be reached.";

        return (int)response.StatusCode switch
        {
            401 or 403 => "It refused the credential.",
            429 => "It is too busy to answer.",
            >= 500 and var status => $"It answered with status {status}.",
            _ => null,
        };
    }
}
