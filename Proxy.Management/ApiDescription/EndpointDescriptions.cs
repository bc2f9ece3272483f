using System.Collections.Frozen;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Proxy.Management.ApiDescription;

/// <summary>All that is described, to be found by what is mapped.</summary>
public sealed class EndpointDescriptions
{
    private readonly FrozenDictionary<(string Method, string Pattern), EndpointDescription> _byPattern;

    /// <exception cref="ArgumentException">Two describe one endpoint.</exception>
    public EndpointDescriptions(IEnumerable<EndpointDescription> descriptions)
    {
        All = [.. descriptions];
        _byPattern = All.ToDictionary(description => (description.Method, Plain(description.Pattern))).ToFrozenDictionary();
    }

    public IReadOnlyList<EndpointDescription> All { get; }

    public EndpointDescription? Find(string method, string? pattern) => _byPattern.GetValueOrDefault((method, Plain(pattern ?? "")));

    public static EndpointDescription? Of(HttpRequest request) => request.HttpContext.GetEndpoint() is RouteEndpoint endpoint
        ? (request.HttpContext.RequestServices.GetService(typeof(EndpointDescriptions)) as EndpointDescriptions)?.Find(request.Method, endpoint.RoutePattern.RawText)
        : null;

    private static string Plain(string pattern) => "/" + pattern.Trim('/').Replace("{*", "{", StringComparison.Ordinal).Replace("{*", "{", StringComparison.Ordinal);
}
