using Proxy.Host.Exchanges;
using Yarp.ReverseProxy.LoadBalancing;
using Yarp.ReverseProxy.Model;

namespace Proxy.Host.Balancing;

/// <summary>
/// Calls with the same value in a header go to the same destination, where the provider's prompt cache knows them. When that one is away its
/// calls spread over the others, and the others keep theirs.
/// </summary>
internal sealed class HeaderHashPolicy : ILoadBalancingPolicy
{
    public const string HeaderKey = "AffinityHeader";
    private const string UsualHeader = "x-litellm-session-id";

    public string Name => "HeaderHash";

    public DestinationState? PickDestination(HttpContext context, ClusterState cluster, IReadOnlyList<DestinationState> availableDestinations)
    {
        if (availableDestinations.Count == 0) return null;

        var header = cluster.Model.Config.Metadata?.GetValueOrDefault(HeaderKey) ?? UsualHeader;
        var value = (string?)context.Request.Headers[header] ?? context.Exchange.Request?.Metadata.SessionId;
        return string.IsNullOrEmpty(value)
            ? availableDestinations[Random.Shared.Next(availableDestinations.Count)]
            : availableDestinations.MaxBy(destination => Hash(destination.DestinationId, value));
    }

    /// <summary>FNV-1a and a last stir: the same in every process, and spread well for names that differ in one letter.</summary>
    private static ulong Hash(string destination, string value)
    {
        var hash = 14695981039346656037UL;
        foreach (var character in destination) hash = (hash ^ character) * 1099511628211UL;
        hash = (hash ^ '\n') * 1099511628211UL;
        foreach (var character in value) hash = (hash ^ character) * 1099511628211UL;
        hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccdUL;
        return hash ^ (hash >> 33);
    }
}
