using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Proxy.Management.Access;
using Proxy.Management.Budgets;

namespace Proxy.Management.Tags;

/// <summary>The tag endpoints.</summary>
internal static class TagEndpoints
{
    private static readonly AccountEndpoints Endpoints = new(AccountKind.Tag, TagContracts.IdField, TagContracts.Request);

    public static void MapTagEndpoints(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/tag/new", AccessRule.Admin, Endpoints.CreateAsync);
        routes.MapPost("/tag/update", AccessRule.Admin, Endpoints.UpdateAsync);
        routes.MapGet("/tag/info", AccessRule.AdminOrViewer, (HttpContext context, AccountStore store, BudgetResets resets, CancellationToken token) =>
            Endpoints.ShowAsync(store, resets, context.Request.Query["name"], token));
        routes.MapGet("/tag/list", AccessRule.AdminOrViewer, Endpoints.ListAsync);
        routes.MapPost("/tag/info", AccessRule.AdminOrViewer, Endpoints.ShowManyAsync("names"));
    }
}
