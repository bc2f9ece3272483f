using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Proxy.Management.Access;
using Proxy.Management.Bodies;
using Proxy.Management.Budgets;
using Proxy.Management.Callbacks;
using Proxy.Management.Errors;
using Proxy.Management.Keys;

namespace Proxy.Management.Teams;

/// <summary>The team endpoints.</summary>
internal static class TeamEndpoints
{
    public static void MapTeamEndpoints(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/team/new", AccessRule.OrganizationManager, CreateAsync);
        routes.MapPost("/team/update", AccessRule.OrganizationManager, UpdateAsync);
        routes.MapGet("/team/info", AccessRule.OwnerOrAdmin, ShowAsync);
        routes.MapPost("/team/delete", AccessRule.OrganizationManager, DeleteAsync);
        routes.MapPost("/team/block", AccessRule.OrganizationManager, BlockAsync);
        routes.MapPost("/team/unblock", AccessRule.OrganizationManager, UnblockAsync);
    }

    private static async Task<IResult> CreateAsync(
        HttpContext context, TeamChanges changes, BudgetCalendar calendar, TimeProvider time, CancellationToken cancellationToken)
    {
        var (fields, malformed) = await JsonBody.ReadAsync(context.Request, cancellationToken);
        if (malformed is not null) return new ErrorResult(malformed);

        var (team, fault) = TeamRequest.Read(fields!, calendar, context.ManagementCaller, time.GetUtcNow());
        if (fault is not null) return new ErrorResult(fault);

        return Show(await changes.CreateAsync(team!, context.ManagementCaller, cancellationToken));
    }

    private static async Task<IResult> UpdateAsync(
        HttpContext context, TeamChanges changes, BudgetCalendar calendar, TimeProvider time, CancellationToken cancellationToken)
    {
        var (fields, malformed) = await JsonBody.ReadAsync(context.Request, cancellationToken);
        if (malformed is not null) return new ErrorResult(malformed);

        var (teamId, now, caller) = (fields!.RequiredText("team_id"), time.GetUtcNow(), context.ManagementCaller);
        TeamIdentity Change(TeamIdentity old) => TeamUpdate.Apply(fields, old, calendar, now, caller.UserId);
        Change(TeamIdentity.Blank);
        var (callbacks, refusal) = CallbackRules.ReadMetadata(fields.Object("metadata"), caller.IsProxyAdmin);
        if ((fields.Error ?? refusal) is { } fault) return new ErrorResult(fault);

        var edit = new TeamEdit(Change)
        {
            Callbacks = CallbackRules.IsStated(fields.Object("metadata")) ? callbacks : null,
            StatesMembers = fields.Presence(TeamMembers.Field) == FieldPresence.Present,
            Check = FindRefusal,
        };
        var change = await changes.UpdateAsync(teamId!, edit, cancellationToken);
        return change.Error is { } error
            ? new ErrorResult(error)
            : TypedResults.Json(new TeamUpdated(teamId!, TeamView.Of(change.Team!)), TeamJson.Default.TeamUpdated);

        ProxyError? FindRefusal(TeamIdentity? old) =>
            TeamRights.FindGoverning(caller, old, teamId!) ?? (old is null ? null : TeamRights.FindPlacing(caller, Change(old)));
    }

    private static async Task<IResult> ShowAsync(
        HttpContext context,
        TeamStore teams,
        KeyStore keys,
        MemberAccounts accounts,
        BudgetResets resets,
        [FromQuery(Name = "team_id")] string? teamId,
        CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(teamId)) return new ErrorResult(TeamErrors.NoTeamId);

        var caller = context.ManagementCaller;
        var team = await teams.FindAsync(teamId, cancellationToken);

        // Another's team and no team get one answer, so that nobody can find out which teams exist.
        if (team is null ? !caller.SeesAll : !caller.MaySee(team.Identity)) return new ErrorResult(TeamErrors.NotYours(caller.TeamId, teamId));
        if (await resets.TryResetAsync(team?.Identity.Limits.BudgetResetAt, cancellationToken)) team = await teams.FindAsync(teamId, cancellationToken);
        if (team is null) return new ErrorResult(TeamErrors.NotFound(teamId));

        var records = await keys.ListOfTeamAsync(teamId, cancellationToken);
        return TypedResults.Json(
            new TeamInfo(teamId, TeamView.Of(team), [.. records.Select(KeyView.Of)], TeamMembership.Show(await accounts.ListOfTeamAsync(teamId, cancellationToken))), TeamJson.Default.TeamInfo);
    }

    private static async Task<IResult> DeleteAsync(HttpContext context, TeamChanges changes, CancellationToken cancellationToken)
    {
        var (fields, malformed) = await JsonBody.ReadAsync(context.Request, cancellationToken);
        if (malformed is not null) return new ErrorResult(malformed);

        var ids = fields!.TextList("team_ids") ?? [];
        if (ids.Count == 0 && fields.Error is null) fields.Fault("team_ids", "'team_ids' must name at least one.");
        if (fields.Error is { } fault) return new ErrorResult(fault);

        return await changes.DeleteAsync([.. ids.Distinct(StringComparer.Ordinal)], context.ManagementCaller, cancellationToken) is { } refusal
            ? new ErrorResult(refusal)
            : TypedResults.Json(new DeletedTeamIds(ids), TeamJson.Default.DeletedTeamIds);
    }

    private static Task<IResult> BlockAsync(HttpContext context, TeamChanges changes, CancellationToken cancellationToken) =>
        SetBlockedAsync(context, changes, isBlocked: true, cancellationToken);

    private static Task<IResult> UnblockAsync(HttpContext context, TeamChanges changes, CancellationToken cancellationToken) =>
        SetBlockedAsync(context, changes, isBlocked: false, cancellationToken);

    private static async Task<IResult> SetBlockedAsync(
        HttpContext context, TeamChanges changes, bool isBlocked, CancellationToken cancellationToken)
    {
        var (fields, malformed) = await JsonBody.ReadAsync(context.Request, cancellationToken);
        if (malformed is not null) return new ErrorResult(malformed);

        var teamId = fields!.RequiredText("team_id");
        if (fields.Error is { } fault) return new ErrorResult(fault);

        return Show(await changes.SetBlockedAsync(teamId!, isBlocked, context.ManagementCaller, cancellationToken));
    }

    public static IResult Show(TeamChange change) => change.Error is { } error
        ? new ErrorResult(error)
        : TypedResults.Json(TeamView.Of(change.Team!), TeamJson.Default.TeamView);
}
