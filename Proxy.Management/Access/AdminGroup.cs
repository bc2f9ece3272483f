using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Proxy.Management.Access;

/// <summary>A place for the host's own management endpoints.</summary>
public static class AdminGroup
{
    /// <summary>A group whose endpoints are for admins; viewers may look.</summary>
    public static RouteGroupBuilder MapAdminGroup(this IEndpointRouteBuilder routes, string prefix)
    {
        var group = routes.MapGuardedGroup().MapGroup(prefix);
        group.WithMetadata(new AccessPolicy(AccessRule.Admin));
        ((IEndpointConventionBuilder)group).Finally(endpoint =>
        {
            var methods = endpoint.Metadata.OfType<HttpMethodMetadata>().SelectMany(method => method.HttpMethods);
            if (methods.All(HttpMethods.IsGet)) endpoint.Metadata.Add(new AccessPolicy(AccessRule.AdminOrViewer));
        });
        return group;
    }
}
