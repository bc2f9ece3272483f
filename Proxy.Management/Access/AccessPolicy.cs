using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Proxy.Management.Auditing;
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

    /// <summary>Admins, and whoever looks after an organisation; the handler asks <see cref="Rights"/> whether it is this one.</summary>
    OrganizationManager,

    /// <summary>The master key, and keys of users who are admins.</summary>
    Admin,
}

/// <summary>Who may call an endpoint: metadata of the routed endpoint, never read from the path.</summary>
internal sealed record AccessPolicy(AccessRule Rule);

/// <summary>Mapping with a policy, and its enforcement. What has no policy is refused.</summary>
internal static class AccessPolicies
{
    private static readonly object CallerItem = new();

    /// <summary>A group whose endpoints are refused unless their policy lets the caller in, however they were mapped.</summary>
    /// <exception cref="InvalidOperationException">When the endpoints are built: one of them has no policy.</exception>
    public static RouteGroupBuilder MapGuardedGroup(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("");
        ((IEndpointConventionBuilder)group).Finally(endpoint =>
        {
            var policy = endpoint.Metadata.OfType<AccessPolicy>().LastOrDefault()
                ?? throw new InvalidOperationException($"The endpoint '{endpoint.DisplayName}' does not say who may call it.");
            var handler = endpoint.RequestDelegate!;
            endpoint.RequestDelegate = context => GuardAsync(context, policy.Rule, handler);
        });

        return group;
    }

    public static IEndpointConventionBuilder MapGet(this IEndpointRouteBuilder routes, string pattern, AccessRule rule, Delegate handler) =>
        routes.MapLazily(HttpMethods.Get, pattern, handler).WithMetadata(new AccessPolicy(rule));

    public static IEndpointConventionBuilder MapPost(this IEndpointRouteBuilder routes, string pattern, AccessRule rule, Delegate handler) =>
        routes.MapLazily(HttpMethods.Post, pattern, handler).WithMetadata(new AccessPolicy(rule));

    public static IEndpointConventionBuilder MapPatch(this IEndpointRouteBuilder routes, string pattern, AccessRule rule, Delegate handler) =>
        routes.MapLazily(HttpMethods.Patch, pattern, handler).WithMetadata(new AccessPolicy(rule));

    public static IEndpointConventionBuilder MapDelete(this IEndpointRouteBuilder routes, string pattern, AccessRule rule, Delegate handler) =>
        routes.MapLazily(HttpMethods.Delete, pattern, handler).WithMetadata(new AccessPolicy(rule));

    public static IEndpointConventionBuilder MapHead(this IEndpointRouteBuilder routes, string pattern, AccessRule rule, Delegate handler) =>
        routes.MapLazily(HttpMethods.Head, pattern, handler).WithMetadata(new AccessPolicy(rule));

    extension(HttpContext context)
    {
        /// <summary>Who calls this management endpoint.</summary>
        public Caller ManagementCaller => (Caller)context.Items[CallerItem]!;
    }

    private static async Task GuardAsync(HttpContext context, AccessRule rule, RequestDelegate handler)
    {
        if (await FindRefusalAsync(context, rule) is { } refusal) await ErrorWriter.WriteAsync(context, refusal);
        else
        {
            // For what is written from here on: the value is gone again when this method has ended.
            AuditActor.Current = AuditActor.Of(context);
            await handler(context);
        }
    }

    private static async ValueTask<ProxyError?> FindRefusalAsync(HttpContext context, AccessRule rule)
    {
        if (rule != AccessRule.Public)
        {
            var authenticator = (Authenticator)context.RequestServices.GetService(typeof(Authenticator))!;
            var (caller, error) = await authenticator.AuthenticateAsync(context.Request.Headers, context.RequestAborted);
            if (error is not null) return error;
            if (Rights.FindRefusal(rule, caller!, RouteOf(context)) is { } refusal) return refusal;

            context.Items[CallerItem] = caller;
        }

        return QueryGuard.FindFault(context.Request.Query);
    }

    private static string RouteOf(HttpContext context) => (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "";
}
