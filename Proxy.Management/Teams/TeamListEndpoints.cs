using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Proxy.Management.Access;
using Proxy.Management.Errors;

namespace Proxy.Management.Teams;

/// <summary>Which teams there are: all for who sees all, one's own for others.</summary>
internal static class TeamListEndpoints
{
    public static void MapTeamListEndpoints(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/team/list", AccessRule.OwnerOrAdmin, ListAsync);
        routes.MapGet("/v2/team/list", AccessRule.OwnerOrAdmin, ListPageAsync);
        routes.MapGet("/team/available", AccessRule.OwnerOrAdmin, ListAvailableAsync);
    }

    private static async Task<IResult> ListAsync(HttpContext context, TeamList list, CancellationToken cancellationToken)
    {
        var query = new TeamListQuery(context.Request.Query, TeamListQuery.Whole);
        if ((query.Error ?? FindRefusal(context.ManagementCaller, query.Filter)) is { } refusal) return new ErrorResult(refusal);

        var teams = await list.ReadWholeAsync(query.Filter, query.Page, cancellationToken);
        return TypedResults.Json(teams, TeamJson.Default.IReadOnlyListTeamView);
    }

    private static async Task<IResult> ListPageAsync(HttpContext context, TeamList list, CancellationToken cancellationToken)
    {
        var query = new TeamListQuery(context.Request.Query, TeamListQuery.Paged);
        if ((query.Error ?? FindRefusal(context.ManagementCaller, query.Filter)) is { } refusal) return new ErrorResult(refusal);

        var page = query.Page;
        var (teams, total) = await list.ReadAsync(query.Filter, page, cancellationToken);
        return TypedResults.Json(
            new TeamPageView([.. teams.Select(TeamView.Of)], total, page.Number, page.Size, (total + page.Size - 1) / page.Size), TeamJson.Default.TeamPageView);
    }

    /// <summary>The teams that the operator lets every user join, without those that the caller is in.</summary>
    private static async Task<IResult> ListAvailableAsync(HttpContext context, OpenTeams open, TeamStore store, CancellationToken cancellationToken)
    {
        var caller = context.ManagementCaller;
        var teams = new List<AvailableTeam>();
        foreach (var id in open.Ids)
        {
            if (await store.FindAsync(id, cancellationToken) is not { } team || (caller.UserId is { } user && team.Identity.Members.Has(user))) continue;

            teams.Add(new AvailableTeam(id, team.Identity.Alias, team.Identity.OrganizationId, team.Identity.Models, team.Identity.IsBlocked));
        }

        return TypedResults.Json(teams, TeamJson.Default.IReadOnlyListAvailableTeam);
    }

    private static ProxyError? FindRefusal(Caller caller, TeamFilter filter) =>
        caller.SeesAll || (filter.UserId is not null && filter.UserId == caller.UserId) || caller.IsAdminOfOrganization(filter.OrganizationId) ? null : TeamErrors.NotYoursToList(RoleNames.Of(caller.Role));
}
