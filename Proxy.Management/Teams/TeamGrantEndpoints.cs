using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Proxy.Management.Access;
using Proxy.Management.Bodies;
using Proxy.Management.Errors;

namespace Proxy.Management.Teams;

/// <summary>What a team may call, and what its members may do with its keys.</summary>
internal static class TeamGrantEndpoints
{
    public static void MapTeamGrantEndpoints(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/team/model/add", AccessRule.Manager, AddModelsAsync);
        routes.MapPost("/team/model/delete", AccessRule.Manager, RemoveModelsAsync);
        routes.MapGet("/team/permissions_list", AccessRule.OwnerOrAdmin, ShowPermissionsAsync);
        routes.MapPost("/team/permissions_update", AccessRule.Manager, UpdatePermissionsAsync);
    }

    private static Task<IResult> AddModelsAsync(HttpContext context, TeamChanges changes, TimeProvider time, CancellationToken cancellationToken) =>
        ChangeModelsAsync(context, changes, time, (old, named) => [.. old.Union(named, StringComparer.Ordinal)], cancellationToken);

    private static Task<IResult> RemoveModelsAsync(HttpContext context, TeamChanges changes, TimeProvider time, CancellationToken cancellationToken) =>
        ChangeModelsAsync(context, changes, time, (old, named) => [.. old.Except(named, StringComparer.Ordinal)], cancellationToken);

    /// <remarks>A list that loses its last model would stand for all of them: that is refused, as nobody who takes a model away wants it.</remarks>
    private static async Task<IResult> ChangeModelsAsync(
        HttpContext context,
        TeamChanges changes,
        TimeProvider time,
        Func<IReadOnlyList<string>, IReadOnlyList<string>, IReadOnlyList<string>> combine,
        CancellationToken cancellationToken)
    {
        var (fields, malformed) = await JsonBody.ReadAsync(context.Request, cancellationToken);
        if (malformed is not null) return new ErrorResult(malformed);

        var (caller, now) = (context.ManagementCaller, time.GetUtcNow());
        var (teamId, models) = (fields!.RequiredText("team_id"), fields.TextList("models") ?? []);
        if (models.Count == 0) fields.Fault("models", "'models' must name at least one.");
        if (fields.Error is { } fault) return new ErrorResult(fault);

        var edit = new TeamEdit(team => team with { Models = combine(team.Models, models), UpdatedAt = now, UpdatedBy = caller.UserId })
        {
            Check = team => TeamRights.FindGranting(caller, team, teamId!)
                ?? (team!.Models.Count > 0 && combine(team.Models, models).Count == 0 ? TeamErrors.NoModelLeft : null),
        };
        return TeamEndpoints.Show(await changes.UpdateAsync(teamId!, edit, cancellationToken));
    }

    private static async Task<IResult> ShowPermissionsAsync(
        HttpContext context, TeamStore store, [FromQuery(Name = "team_id")] string? teamId, CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(teamId)) return new ErrorResult(TeamErrors.NoTeamId);

        var (caller, team) = (context.ManagementCaller, (await store.FindAsync(teamId, cancellationToken))?.Identity);
        if (team is null ? !caller.SeesAll : !caller.MaySee(team)) return new ErrorResult(TeamErrors.NotYours(caller.TeamId, teamId));
        if (team is null) return new ErrorResult(TeamErrors.NotFound(teamId));

        return TypedResults.Json(new TeamPermissions(teamId, [.. team.MemberPermissions.Routes], TeamMemberPermissions.All), TeamJson.Default.TeamPermissions);
    }

    private static async Task<IResult> UpdatePermissionsAsync(HttpContext context, TeamChanges changes, TimeProvider time, CancellationToken cancellationToken)
    {
        var (fields, malformed) = await JsonBody.ReadAsync(context.Request, cancellationToken);
        if (malformed is not null) return new ErrorResult(malformed);

        var (caller, now) = (context.ManagementCaller, time.GetUtcNow());
        var teamId = fields!.RequiredText("team_id");
        if (fields.Presence(TeamMemberPermissions.Field) == FieldPresence.Absent) fields.Fault(TeamMemberPermissions.Field, $"'{TeamMemberPermissions.Field}' is required.");
        TeamMemberPermissions.Check(fields);
        if (fields.Error is { } fault) return new ErrorResult(fault);

        DetailField[] detail = [new(TeamMemberPermissions.Field, DetailShape.TextList, "[]")];
        var edit = new TeamEdit(team => team with { Details = DetailField.Update(fields, detail, team.Details), UpdatedAt = now, UpdatedBy = caller.UserId })
        {
            Check = team => TeamRights.FindManaging(caller, team, teamId!, "/team/permissions_update"),
        };
        return TeamEndpoints.Show(await changes.UpdateAsync(teamId!, edit, cancellationToken));
    }
}
