using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Proxy.Management.Access;
using Proxy.Management.Budgets;
using Proxy.Management.Errors;
using Proxy.Management.Teams;

namespace Proxy.Management.Organizations;

/// <summary>The organisation endpoints.</summary>
internal static class OrganizationEndpoints
{
    private const int MaxTeams = 1000;
    private const int MaxListed = 1000;

    private static readonly AccountEndpoints Endpoints = new(AccountKind.Organization, OrganizationContracts.IdField, OrganizationContracts.Request);

    public static void MapOrganizationEndpoints(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/organization/new", AccessRule.Admin, Endpoints.CreateAsync);
        routes.MapPost("/organization/update", AccessRule.Admin, Endpoints.UpdateAsync);
        routes.MapPatch("/organization/update", AccessRule.Admin, Endpoints.UpdateAsync);
        routes.MapGet("/organization/info", AccessRule.OwnerOrAdmin, ShowAsync);
        routes.MapGet("/organization/list", AccessRule.OwnerOrAdmin, ListAsync);
    }

    /// <remarks>Another's organisation and none get one answer, so that nobody can find out which there are.</remarks>
    private static async Task<IResult> ShowAsync(
        HttpContext context,
        AccountStore store,
        BudgetResets resets,
        OrganizationMemberIndex members,
        TeamList teams,
        [FromQuery(Name = "organization_id")] string? id,
        CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(id)) return new ErrorResult(AccountErrors.NoId(OrganizationContracts.IdField));
        if (!context.ManagementCaller.MaySeeOrganization(id)) return new ErrorResult(OrganizationErrors.NotYours(id));
        if (await Endpoints.FindAsync(store, resets, id, cancellationToken) is not { } row) return new ErrorResult(AccountErrors.Unknown(OrganizationContracts.IdField, id));

        var (listed, _) = await teams.ReadAsync(new TeamFilter { OrganizationId = id }, new TeamPage(1, MaxTeams, "created_at", IsDescending: false), cancellationToken);
        var view = OrganizationContracts.Request.Show(row, OrganizationContracts.IdField);
        view["members"] = await members.ShowAsync(id, cancellationToken);
        view["teams"] = new JsonArray([.. listed.Where(team => context.ManagementCaller.MaySee(team.Identity)).Select(team => JsonSerializer.SerializeToNode(TeamView.Of(team), TeamJson.Default.TeamView))]);
        return TypedResults.Json(view, AccountJson.Default.JsonObject);
    }

    private static async Task<IResult> ListAsync(HttpContext context, AccountStore store, CancellationToken cancellationToken)
    {
        var rows = await store.ListAsync(AccountKind.Organization, MaxListed, cancellationToken);
        return TypedResults.Json(
            new JsonArray([.. rows.Where(row => context.ManagementCaller.MaySeeOrganization(row.Id)).Select(row => OrganizationContracts.Request.Show(row, OrganizationContracts.IdField))]),
            AccountJson.Default.JsonArray);
    }
}
