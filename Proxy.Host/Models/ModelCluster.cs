using System.Collections.Frozen;
using Proxy.Host.Providers;
using Proxy.Management.Limits;

namespace Proxy.Host.Models;

/// <summary>A model that clients may ask for: the gateway's view of a YARP cluster.</summary>
/// <param name="Id">The cluster's id in YARP.</param>
/// <param name="Names">What clients call it; a trailing <c>*</c> is a wildcard.</param>
/// <param name="Deployments">By destination id.</param>
internal sealed record ModelCluster(string Id, IReadOnlyList<string> Names, FrozenDictionary<string, Deployment> Deployments, ClusterTimeouts Timeouts)
{
    /// <summary>How often a failed attempt is followed by another within the cluster; null is the gateway's own number.</summary>
    public int? Retries { get; init; }

    /// <summary>True when a call that waits long for its first byte is tried at a second destination beside the first.</summary>
    public bool IsHedged { get; init; }

    public FallbackLists Fallbacks { get; init; } = FallbackLists.None;

    /// <summary>True when some destinations go before others.</summary>
    public bool IsOrdered { get; } = Deployments.Values.Any(deployment => deployment.Order is not null);

    /// <summary>True when some destinations are kept for calls with certain tags.</summary>
    public bool IsTagged { get; } = Deployments.Values.Any(deployment => deployment.Tags.Count > 0);

    /// <summary>True when some destinations have limits of their own.</summary>
    public bool IsLimited { get; } = Deployments.Values.Any(deployment => deployment.Limits != CapacityLimits.None);

    public bool Serves(ApiOperation operation)
    {
        foreach (var deployment in Deployments.Values)
        {
            if (deployment.Dialect.Serves(operation)) return true;
        }

        return false;
    }
}

/// <summary>How long a cluster may take.</summary>
/// <param name="FirstByte">Until the first byte of an answer.</param>
/// <param name="Idle">Between two bytes of it.</param>
/// <param name="Whole">For a whole call with all its attempts; infinite when nothing is said.</param>
internal sealed record ClusterTimeouts(TimeSpan FirstByte, TimeSpan Idle, TimeSpan Whole);

/// <summary>Models that a call goes on to when this one cannot serve it, in their order.</summary>
/// <param name="ContextWindow">When the prompt is too long for this one.</param>
/// <param name="ContentPolicy">When this one's provider will not answer such a prompt.</param>
internal sealed record FallbackLists(IReadOnlyList<string> General, IReadOnlyList<string> ContextWindow, IReadOnlyList<string> ContentPolicy)
{
    public static readonly FallbackLists None = new([], [], []);
}

/// <summary>What a model name led to.</summary>
/// <param name="Model">The name, after aliases.</param>
/// <param name="WildcardMatch">What the wildcard of the cluster's name stood for; the whole name when there was none.</param>
internal sealed record ModelMatch(string Model, ModelCluster Cluster, string WildcardMatch)
{
    /// <summary>Every name under which clients get the same model of the same cluster.</summary>
    public IReadOnlyList<string> Names { get; init; } = [Model];

    /// <summary>True when the client chose a part of the upstream model's name.</summary>
    public bool IsWildcard => WildcardMatch.Length < Model.Length || Cluster.Names.Contains("*");

    /// <summary>What the providers of the cluster are asked for.</summary>
    public string Sent => string.Join('\n', Cluster.Deployments.Values.Select(deployment => deployment.UpstreamModel(this)));
}
