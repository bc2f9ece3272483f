using Proxy.Host.Providers;
using Yarp.ReverseProxy.Configuration;

namespace Proxy.Host.Configuration;

/// <summary>Completes the routes of the file: the default ones, and the same API without /v1.</summary>
internal static class RouteReader
{
    public const string ApiKey = "Api";
    public const string OpenAiApi = "openai";

    /// <summary>YARP wants a cluster on each route; ours get theirs when the model is known, and this one has nowhere to go.</summary>
    public static readonly ClusterConfig PlaceholderCluster = new() { ClusterId = "(chosen by the model)" };

    private static readonly RouteConfig Default = new()
    {
        RouteId = "openai",
        Match = new RouteMatch { Path = "/v1/{**rest}" },
        Metadata = new Dictionary<string, string> { [ApiKey] = OpenAiApi },
    };

    public static IReadOnlyList<RouteConfig> Complete(IReadOnlyList<RouteConfig> routes)
    {
        var own = routes.Count > 0 ? routes : [Default];
        var versioned = own.FirstOrDefault(route => route.Match.Path?.StartsWith("/v1/{**", StringComparison.OrdinalIgnoreCase) == true);

        return [.. own.Concat(versioned is null ? [] : ApiOperation.All.Select(operation => WithoutVersion(versioned, operation)))
            .Select(route => route with { ClusterId = PlaceholderCluster.ClusterId })];
    }

    /// <summary>Last in order, so that a route of the operator's on the same path goes first.</summary>
    private static RouteConfig WithoutVersion(RouteConfig route, ApiOperation operation) => route with
    {
        RouteId = $"{route.RouteId} {operation.Path}",
        Match = route.Match with { Path = operation.Path },
        Order = int.MaxValue,
    };
}
