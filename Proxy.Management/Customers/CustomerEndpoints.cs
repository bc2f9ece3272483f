using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Proxy.Management.Access;
using Proxy.Management.Budgets;

namespace Proxy.Management.Customers;

/// <summary>The customer endpoints.</summary>
internal static class CustomerEndpoints
{
    private static readonly AccountEndpoints Endpoints = new(AccountKind.Customer, CustomerContracts.IdField, CustomerContracts.Request);

    public static void MapCustomerEndpoints(this IEndpointRouteBuilder routes)
    {
        foreach (var prefix in (string[])["/customer", "/end_user"])
        {
            routes.MapPost($"{prefix}/new", AccessRule.Admin, Endpoints.CreateAsync);
            routes.MapPost($"{prefix}/update", AccessRule.Admin, Endpoints.UpdateAsync);
            routes.MapGet($"{prefix}/info", AccessRule.AdminOrViewer, (HttpContext context, AccountStore store, BudgetResets resets, CancellationToken token) =>
                Endpoints.ShowAsync(store, resets, context.Request.Query["end_user_id"], token));
            routes.MapGet($"{prefix}/list", AccessRule.AdminOrViewer, Endpoints.ListAsync);
        }
    }
}
