using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Proxy.Management.Access;
using Proxy.Management.Bodies;
using Proxy.Management.Budgets;
using Proxy.Management.Errors;

namespace Proxy.Management.Teams;

/// <summary>The members of a team, with what each may use of it.</summary>
internal static class TeamMemberEndpoints
{
    public static void MapTeamMemberEndpoints(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/team/member_add", AccessRule.Manager, AddAsync);
        routes.MapPost("/team/member_update", AccessRule.Manager, UpdateAsync);
    }

    private static async Task<IResult> AddAsync(
        HttpContext context, TeamChanges teams, TeamRing ring, AccountChanges accounts, BudgetCalendar calendar, TimeProvider time, CancellationToken cancellationToken)
    {
        var (fields, malformed) = await JsonBody.ReadAsync(context.Request, cancellationToken);
        if (malformed is not null) return new ErrorResult(malformed);

        var (now, by) = (time.GetUtcNow(), context.ManagementCaller.UserId);
        var teamId = fields!.RequiredText("team_id");
        var members = ReadMembers(fields);
        TeamMembership.Request.Apply(fields, AccountRequest.New(default, now, by), calendar, now, by);
        if (fields.Error is { } fault) return new ErrorResult(fault);

        var team = await ring.FindAsync(teamId!);
        if (FindRefusal(context, team?.Current, teamId!, "/team/member_add") is { } refusal) return new ErrorResult(refusal);

        var change = await teams.UpdateAsync(
            teamId!, team => team with { Details = Add(team.Details, members), UpdatedAt = now, UpdatedBy = by }, null, cancellationToken);
        if (change.Error is { } error) return new ErrorResult(error);

        var memberships = new JsonArray();
        foreach (var member in members.Where(member => member["user_id"] is not null))
        {
            var id = AccountId.OfMember(teamId!, member["user_id"]!.GetValue<string>());
            var saved = await accounts.SaveAsync(
                id, row => new(TeamMembership.Request.Apply(fields, row ?? AccountRequest.New(id, now, by), calendar, now, by), null), cancellationToken);
            memberships.Add((JsonNode)TeamMembership.Show(saved.Row!));
        }

        var view = JsonSerializer.SerializeToNode(TeamView.Of(change.Team!), TeamJson.Default.TeamView)!.AsObject();
        view["updated_users"] = new JsonArray([.. members.Select(member => member.DeepClone())]);
        view["updated_team_memberships"] = memberships;
        return TypedResults.Json(view, AccountJson.Default.JsonObject);
    }

    private static async Task<IResult> UpdateAsync(
        HttpContext context, TeamStore teams, AccountChanges accounts, BudgetCalendar calendar, TimeProvider time, CancellationToken cancellationToken)
    {
        var (fields, malformed) = await JsonBody.ReadAsync(context.Request, cancellationToken);
        if (malformed is not null) return new ErrorResult(malformed);

        var (now, by) = (time.GetUtcNow(), context.ManagementCaller.UserId);
        var (teamId, userId) = (fields!.RequiredText("team_id"), fields.RequiredText("user_id"));
        TeamMembership.Request.Apply(fields, AccountRequest.New(default, now, by), calendar, now, by);
        if (fields.Error is { } fault) return new ErrorResult(fault);
        var team = await teams.FindAsync(teamId!, cancellationToken);
        if (FindRefusal(context, team?.Identity, teamId!, "/team/member_update") is { } refusal) return new ErrorResult(refusal);
        if (!MembersOf(team!.Identity.Details).Any(member => member["user_id"]?.ToString() == userId)) return new ErrorResult(TeamErrors.NotAMember(userId!));

        var id = AccountId.OfMember(teamId!, userId!);
        var saved = await accounts.SaveAsync(
            id, row => new(TeamMembership.Request.Apply(fields, row ?? AccountRequest.New(id, now, by), calendar, now, by), null), cancellationToken);
        return TypedResults.Json(TeamMembership.Show(saved.Row!), AccountJson.Default.JsonObject);
    }

    /// <remarks>Who may not manage a team does not learn whether it exists.</remarks>
    private static ProxyError? FindRefusal(HttpContext context, TeamIdentity? team, string teamId, string route)
    {
        var caller = context.ManagementCaller;
        if (team is null ? !caller.IsProxyAdmin : !caller.MayManage(team)) return TeamErrors.NotAdminOf(teamId, route);
        return team is null ? TeamErrors.NotFound(teamId) : null;
    }

    /// <summary>One member, or a list of them.</summary>
    private static List<JsonObject> ReadMembers(FieldReader fields)
    {
        var members = fields.Element("member") switch
        {
            { ValueKind: JsonValueKind.Object } member => [JsonObject.Create(member)!],
            { ValueKind: JsonValueKind.Array } list when list.EnumerateArray().All(item => item.ValueKind == JsonValueKind.Object) =>
                list.EnumerateArray().Select(item => JsonObject.Create(item)!).ToList(),
            _ => [],
        };
        if (members.Count is 0 or > FieldReader.MaxListLength) fields.Fault("member", "'member' must be a member, or a list of them.");
        foreach (var member in members)
        {
            var read = new FieldReader(JsonSerializer.SerializeToElement(member, AccountJson.Default.JsonObject));
            if (read.Text("user_id") is null & read.Text("user_email") is null) read.Fault("member", "A member needs 'user_id' or 'user_email'.");
            if (read.Error is { } fault) fields.Fault("member", fault.Message);
            member["role"] = read.Text("role") ?? "user";
        }

        return members;
    }

    /// <summary>Who is in already keeps their place and gets the new role.</summary>
    private static string Add(string details, List<JsonObject> members)
    {
        var updated = JsonNode.Parse(details)!.AsObject();
        var list = updated[TeamMembers.Field]?.AsArray() ?? [];
        foreach (var member in members)
        {
            var old = list.OfType<JsonObject>().FirstOrDefault(other =>
                other["user_id"]?.ToString() == member["user_id"]?.ToString() && other["user_email"]?.ToString() == member["user_email"]?.ToString());
            if (old is null) list.Add(member.DeepClone());
            else old["role"] = member["role"]?.DeepClone();
        }

        if (updated[TeamMembers.Field] is null) updated[TeamMembers.Field] = list;
        return updated.ToJsonString();
    }

    private static IEnumerable<JsonObject> MembersOf(string details) => JsonNode.Parse(details)![TeamMembers.Field]?.AsArray().OfType<JsonObject>() ?? [];
}
