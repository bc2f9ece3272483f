using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Proxy.Management.Access;
using Proxy.Management.Bodies;
using Proxy.Management.Budgets;
using Proxy.Management.Errors;
using Proxy.Management.Users;

namespace Proxy.Management.Teams;

/// <summary>The members of a team, with what each may use of it.</summary>
internal static class TeamMemberEndpoints
{
    public static void MapTeamMemberEndpoints(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/team/member_add", AccessRule.Manager, AddAsync);
        routes.MapPost("/team/bulk_member_add", AccessRule.Manager, AddManyAsync);
        routes.MapPost("/team/member_update", AccessRule.Manager, UpdateAsync);
        routes.MapPost("/team/member_delete", AccessRule.Manager, RemoveAsync);
    }

    private static async Task<IResult> AddAsync(
        HttpContext context, TeamMemberChanges changes, OpenTeams open, BudgetCalendar calendar, TimeProvider time, CancellationToken cancellationToken)
    {
        var (fields, malformed) = await JsonBody.ReadAsync(context.Request, cancellationToken);
        if (malformed is not null) return new ErrorResult(malformed);

        var caller = context.ManagementCaller;
        var teamId = fields!.RequiredText("team_id");
        var members = TeamMember.ReadOneOrMore(fields, "member");
        var terms = ReadTerms(fields, calendar, time, caller);
        if (fields.Error is { } fault) return new ErrorResult(fault);

        var joins = open.Ids.Contains(teamId) && fields.Names.All(name => name is "team_id" or "member") && TeamRights.AreSelf(caller, members);
        var edit = new MemberEdit(teamId!, team => joins && team is not null ? null : TeamRights.FindManaging(caller, team, teamId!, "/team/member_add"), caller.UserId);
        var change = await changes.AddAsync(edit, members, terms, cancellationToken);
        if (change.Error is not null) return new ErrorResult(change.Error);

        var view = Show(change.Team!);
        view["updated_users"] = new JsonArray([.. change.Users.Select(ShowUser)]);
        view["updated_team_memberships"] = TeamMembership.Show(change.Memberships);
        return Show(view);
    }

    /// <remarks>Each by itself, and each with its own answer.</remarks>
    private static async Task<IResult> AddManyAsync(
        HttpContext context, TeamMemberChanges changes, AccountStore users, BudgetCalendar calendar, TimeProvider time, CancellationToken cancellationToken)
    {
        var (fields, malformed) = await JsonBody.ReadAsync(context.Request, cancellationToken);
        if (malformed is not null) return new ErrorResult(malformed);

        var caller = context.ManagementCaller;
        var teamId = fields!.RequiredText("team_id");
        var isAll = fields.Flag("all_users") == true;
        var members = isAll ? [] : TeamMember.ReadList(fields, "members");
        var terms = ReadTerms(fields, calendar, time, caller);
        if (fields.Error is { } fault) return new ErrorResult(fault);
        if (isAll && !caller.IsProxyAdmin) return new ErrorResult(TeamErrors.AllUsersIsForAdmins);
        if (isAll) members = [.. (await users.ListUsersAsync(null, null, TeamMember.MaxAtOnce, 0, cancellationToken)).Rows.Select(row => new TeamMember(row.Id, null, TeamMembers.UserRole))];

        var edit = new MemberEdit(teamId!, team => TeamRights.FindManaging(caller, team, teamId!, "/team/bulk_member_add"), caller.UserId);
        var (results, team) = (new JsonArray(), (TeamRecord?)null);
        foreach (var member in members)
        {
            var change = await changes.AddAsync(edit, [member], terms, cancellationToken);
            if (change.Error is { Param: "team_id" }) return new ErrorResult(change.Error);

            team = change.Team ?? team;
            results.Add((JsonNode)ShowResult(member, change));
        }

        var added = results.Count(result => result!["success"]!.GetValue<bool>());
        return Show(new JsonObject
        {
            ["team_id"] = teamId,
            ["results"] = results,
            ["total_requested"] = results.Count,
            ["successful_additions"] = added,
            ["failed_additions"] = results.Count - added,
            ["updated_team"] = team is null ? null : Show(team),
        });
    }

    private static async Task<IResult> UpdateAsync(
        HttpContext context, TeamMemberChanges changes, BudgetCalendar calendar, TimeProvider time, CancellationToken cancellationToken)
    {
        var (fields, malformed) = await JsonBody.ReadAsync(context.Request, cancellationToken);
        if (malformed is not null) return new ErrorResult(malformed);

        var (edit, userId, email) = ReadOne(fields!, context.ManagementCaller, "/team/member_update");
        var role = fields!.Text("role");
        TeamMember.CheckRole(fields, "role", role);
        var terms = ReadTerms(fields, calendar, time, context.ManagementCaller);
        if (fields.Error is { } fault) return new ErrorResult(fault);

        var change = await changes.UpdateAsync(edit, userId, email, role, terms, cancellationToken);
        return change.Error is null ? Show(TeamMembership.Show(change.Memberships[0])) : new ErrorResult(change.Error);
    }

    private static async Task<IResult> RemoveAsync(HttpContext context, TeamMemberChanges changes, CancellationToken cancellationToken)
    {
        var (fields, malformed) = await JsonBody.ReadAsync(context.Request, cancellationToken);
        if (malformed is not null) return new ErrorResult(malformed);

        var (edit, userId, email) = ReadOne(fields!, context.ManagementCaller, "/team/member_delete");
        if (fields!.Error is { } fault) return new ErrorResult(fault);

        var change = await changes.RemoveAsync(edit, userId, email, cancellationToken);
        return change.Error is null ? TypedResults.Json(TeamView.Of(change.Team!), TeamJson.Default.TeamView) : new ErrorResult(change.Error);
    }

    private static (MemberEdit Edit, string? UserId, string? Email) ReadOne(FieldReader fields, Caller caller, string route)
    {
        var teamId = fields.RequiredText("team_id");
        var (userId, email) = (fields.Text("user_id"), fields.Text("user_email"));
        if (userId is null && email is null) fields.Fault("user_id", "Either 'user_id' or 'user_email' is required.");
        return (new MemberEdit(teamId!, team => TeamRights.FindManaging(caller, team, teamId!, route), caller.UserId), userId, email);
    }

    /// <summary>What the body gives each member to use. Faults are left with the reader.</summary>
    private static Func<AccountRow, AccountRow> ReadTerms(FieldReader fields, BudgetCalendar calendar, TimeProvider time, Caller caller)
    {
        var (now, by) = (time.GetUtcNow(), caller.UserId);
        AccountRow Apply(AccountRow row) => TeamMembership.Request.Apply(fields, row, calendar, now, by);
        Apply(AccountRequest.New(default, now, by));
        return Apply;
    }

    private static JsonObject ShowResult(TeamMember member, MemberChange change) => new()
    {
        ["user_id"] = member.UserId,
        ["user_email"] = member.Email,
        ["success"] = change.Error is null,
        ["error"] = change.Error?.Message,
        ["updated_user"] = change.Users.Count == 0 ? null : ShowUser(change.Users[0]),
        ["updated_team_membership"] = change.Memberships.Count == 0 ? null : TeamMembership.Show(change.Memberships[0]),
    };

    private static JsonObject ShowUser(AccountRow row) => UserContracts.Request.Show(row, UserContracts.IdField);

    private static JsonObject Show(TeamRecord team) => JsonSerializer.SerializeToNode(TeamView.Of(team), TeamJson.Default.TeamView)!.AsObject();

    private static JsonHttpResult<JsonObject> Show(JsonObject view) => TypedResults.Json(view, AccountJson.Default.JsonObject);
}
