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

    /// <summary>Clients of Azure's, and of OpenAI's first API, name the model in the path.</summary>
    private static readonly string[] PathsWithModel = ["/openai/deployments/{model}/{**rest}", "/engines/{model}/{**rest}", "/v1/engines/{model}/{**rest}", "/openai/v1/{**rest}", "/openai/realtime"];

    /// <summary>Google's version of its API.</summary>
    private static readonly IEnumerable<string> GeminiPaths = ApiOperation.All.Where(operation => operation.Api == ClientApi.Gemini).Select(operation => "/v1beta" + operation.Path);

    /// <summary>Lists and single things.</summary>
    private static readonly IEnumerable<string> ResourcePaths = ApiOperation.Resources.SelectMany(operation =>
        (operation.IsCreated ? [operation.Path] : (string[])[]).Append($"{operation.Path}/{{**{ApiOperation.ResourceInPath}}}"));

    public static IReadOnlyList<RouteConfig> Complete(IReadOnlyList<RouteConfig> routes)
    {
        var own = routes.Count > 0 ? routes : [Default];
        var versioned = own.FirstOrDefault(route => route.Match.Path?.StartsWith("/v1/{**", StringComparison.OrdinalIgnoreCase) == true);

        return [.. own.Concat(versioned is null ? [] : ApiOperation.All.Select(operation => operation.Path).Concat(ResourcePaths).Select(path => At(versioned, path)).Concat(GeminiPaths.Concat(PathsWithModel).Select(path => At(versioned, path, order: -1))))
            .Select(route => route with { ClusterId = PlaceholderCluster.ClusterId })];
    }

    /// <summary>Last in order, so that a route of the operator's on the same path goes first.</summary>
    private static RouteConfig At(RouteConfig route, string path, int order = int.MaxValue) => route with
    {
        RouteId = $"{route.RouteId} {path}",
        Match = route.Match with { Path = path },
        Order = order,
    };
}
