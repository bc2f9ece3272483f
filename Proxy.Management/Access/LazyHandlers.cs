using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;

namespace Proxy.Management.Access;

/// <summary>
/// Handlers whose parameters are bound by code that is made at their first call: made for every endpoint at the start, it was most of the start's time.
/// </summary>
public static class LazyHandlers
{
    /// <summary>Maps a handler for one method; its parameters are bound as those of <c>MapMethods</c> are.</summary>
    public static IEndpointConventionBuilder MapLazily(this IEndpointRouteBuilder routes, string method, string pattern, Delegate handler)
    {
        var bound = new Lazy<RequestDelegate>(() => Bind(routes.ServiceProvider, pattern, handler));
        return routes.MapMethods(pattern, [method], (RequestDelegate)(context => bound.Value(context))).WithMetadata(handler.Method);
    }

    private static RequestDelegate Bind(IServiceProvider services, string pattern, Delegate handler) => RequestDelegateFactory.Create(handler, new RequestDelegateFactoryOptions
    {
        ServiceProvider = services,
        RouteParameterNames = RoutePatternFactory.Parse(pattern).Parameters.Select(parameter => parameter.Name),
    }).RequestDelegate;
}
