using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Proxy.Management.Errors;

namespace Proxy.Management.Access;

internal enum AccessRule
{
    /// <summary>Anybody, without a key.</summary>
    Public,

    /// <summary>Any valid key looks at what is its own; the handler asks <see cref="Rights"/> whose thing it is.</summary>
    OwnerOrAdmin,

    /// <summary>Admins and viewers look at what is everybody's.</summary>
    AdminOrViewer,

    /// <summary>Whoever may change what is theirs, such as an internal user or the admin of a team; the handler asks <see cref="Rights"/> whose thing it is.</summary>
    Manager,

    /// <summary>The master key, and keys of users who are admins.</summary>
    Admin,
}

/// <summary>Who may call an endpoint: metadata of the routed endpoint, never read from the path.</summary>
internal sealed record AccessPolicy(AccessRule Rule);

/// <summary>Mapping with a policy, and its enforcement. What has no policy is refused.</summary>
internal static class AccessPolicies
{
    private static readonly object CallerItem = new();

    /// <summary>A group whose endpoints are refused unless their policy lets the caller in.</summary>
    /// <exception cref="InvalidOperationException">When the endpoints are built: one of them has no policy.</exception>
    public static RouteGroupBuilder MapGuardedGroup(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("");
        group.AddEndpointFilter(EnforceAsync);
        ((IEndpointConventionBuilder)group).Finally(endpoint =>
        {
            if (!endpoint.Metadata.OfType<AccessPolicy>().Any())
                throw new InvalidOperationException($"The endpoint '{endpoint.DisplayName}' does not say who may call it.");
        });

        return group;
    }

    public static RouteHandlerBuilder MapGet(this IEndpointRouteBuilder routes, string pattern, AccessRule rule, Delegate handler) =>
        routes.MapGet(pattern, handler).WithMetadata(new AccessPolicy(rule));

    public static RouteHandlerBuilder MapPost(this IEndpointRouteBuilder routes, string pattern, AccessRule rule, Delegate handler) =>
        routes.MapPost(pattern, handler).WithMetadata(new AccessPolicy(rule));

    public static RouteHandlerBuilder MapPatch(this IEndpointRouteBuilder routes, string pattern, AccessRule rule, Delegate handler) =>
        routes.MapPatch(pattern, handler).WithMetadata(new AccessPolicy(rule));

    public static RouteHandlerBuilder MapHead(this IEndpointRouteBuilder routes, string pattern, AccessRule rule, Delegate handler) =>
        routes.MapMethods(pattern, [HttpMethods.Head], handler).WithMetadata(new AccessPolicy(rule));

    extension(HttpContext context)
    {
        /// <summary>Who calls this management endpoint.</summary>
        public Caller ManagementCaller => (Caller)context.Items[CallerItem]!;
    }

    private static async ValueTask<object?> EnforceAsync(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        var context = invocation.HttpContext;
        var policy = context.GetEndpoint()?.Metadata.GetMetadata<AccessPolicy>() ?? new AccessPolicy(AccessRule.Admin);
        if (policy.Rule == AccessRule.Public) return await next(invocation);

        var authenticator = (Authenticator)context.RequestServices.GetService(typeof(Authenticator))!;
        var (caller, error) = await authenticator.AuthenticateAsync(context.Request.Headers, context.RequestAborted);

        if (error is not null) return new ErrorResult(error);
        if (Rights.FindRefusal(policy.Rule, caller!, RouteOf(context)) is { } refusal) return new ErrorResult(refusal);

        context.Items[CallerItem] = caller;
        return await next(invocation);
    }

    private static string RouteOf(HttpContext context) => (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "";
}
