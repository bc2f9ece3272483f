using System.Collections.Frozen;

namespace Proxy.Host.Models;

/// <summary>A model that clients may ask for: the gateway's view of a YARP cluster.</summary>
/// <param name="Id">The cluster's id in YARP.</param>
/// <param name="Names">What clients call it; a trailing <c>*</c> is a wildcard.</param>
/// <param name="Deployments">By destination id.</param>
/// <param name="IdleTimeout">How long an answer may stand still; YARP's <c>HttpRequest:ActivityTimeout</c> of the cluster.</param>
internal sealed record ModelCluster(
    string Id, IReadOnlyList<string> Names, FrozenDictionary<string, Deployment> Deployments, TimeSpan IdleTimeout);

/// <summary>What a model name led to.</summary>
/// <param name="WildcardMatch">What the wildcard of the cluster's name stood for; the whole name when there was none.</param>
internal readonly record struct ModelMatch(ModelCluster Cluster, string WildcardMatch);
