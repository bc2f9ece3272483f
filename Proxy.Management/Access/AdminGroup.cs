using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;

namespace Proxy.Management.Access;

/// <summary>A place for the host's own management endpoints.</summary>
public static class AdminGroup
{
    /// <summary>A group whose endpoints are for the master key.</summary>
    public static RouteGroupBuilder MapAdminGroup(this IEndpointRouteBuilder routes, string prefix)
    {
        var group = routes.MapGuardedGroup().MapGroup(prefix);
        group.WithMetadata(new AccessPolicy(AccessRule.Admin));
        return group;
    }
}
