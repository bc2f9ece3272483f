using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Proxy.Management.Access;
using Proxy.Management.Budgets;

namespace Proxy.Management.Organizations;

/// <summary>The organisation endpoints.</summary>
internal static class OrganizationEndpoints
{
    private static readonly AccountEndpoints Endpoints = new(AccountKind.Organization, OrganizationContracts.IdField, OrganizationContracts.Request);

    public static void MapOrganizationEndpoints(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/organization/new", AccessRule.Admin, Endpoints.CreateAsync);
        routes.MapPost("/organization/update", AccessRule.Admin, Endpoints.UpdateAsync);
        routes.MapGet("/organization/info", AccessRule.AdminOrViewer, (HttpContext context, AccountStore store, BudgetResets resets, CancellationToken token) =>
            Endpoints.ShowAsync(store, resets, context.Request.Query["organization_id"], token));
        routes.MapGet("/organization/list", AccessRule.AdminOrViewer, Endpoints.ListAsync);
    }
}
