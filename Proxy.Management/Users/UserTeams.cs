using System.Data.Common;
using System.Text.Json;
using System.Text.Json.Nodes;
using Proxy.Management.Auditing;
using Proxy.Management.Bodies;
using Proxy.Management.Budgets;
using Proxy.Management.Errors;
using Proxy.Management.Teams;

namespace Proxy.Management.Users;

/// <summary>A team that a user is to be in.</summary>
/// <param name="TeamId">Which one.</param>
/// <param name="Role">What they are in it.</param>
/// <param name="Terms">What they may use of it.</param>
internal sealed record AskedTeam(string TeamId, string Role, FieldReader Terms)
{
    private const string RoleField = "user_role";

    private static readonly string BudgetField = TeamMembership.Request.BudgetField;
    private static readonly string[] Roles = [TeamMembers.UserRole, TeamMembers.AdminRole];

    /// <summary>Ids of teams, or objects with the role and the budget in each. Faults are left with the reader.</summary>
    public static IReadOnlyList<AskedTeam> ReadAll(FieldReader fields)
    {
        var asked = new List<AskedTeam>();
        foreach (var item in fields.List(UserRows.TeamsField)?.EnumerateArray() ?? default)
        {
            var entry = item.ValueKind == JsonValueKind.String ? FieldReader.Empty().With(new JsonObject { ["team_id"] = item.GetString() })
                : item.ValueKind == JsonValueKind.Object ? new FieldReader(item)
                : null;
            if (entry is null)
            {
                fields.Fault(UserRows.TeamsField, $"The entries of '{UserRows.TeamsField}' must be ids of teams, or objects with a 'team_id'.");
                return [];
            }

            var (teamId, role) = (entry.RequiredText("team_id"), entry.Text(RoleField) ?? TeamMembers.UserRole);
            TeamMember.CheckRole(fields, UserRows.TeamsField, role, Roles);
            var terms = new JsonObject { [BudgetField] = entry.Dollars(BudgetField) };
            if (entry.Error is { } fault) fields.Fault(UserRows.TeamsField, $"In '{UserRows.TeamsField}': {fault.Message}");
            else if (!asked.Exists(other => other.TeamId == teamId)) asked.Add(new AskedTeam(teamId!, role, FieldReader.Empty().With(terms)));
        }

        return asked;
    }
}

/// <summary>Teams that somebody has joined or left, and what they may use of them.</summary>
internal sealed record TeamMoves(IReadOnlyList<TeamIdentity> Teams, IReadOnlyList<AccountRow> Memberships);

/// <summary>The places of users in teams, as the users are made, changed and deleted: in their transaction, then in memory.</summary>
internal sealed class UserTeams(TeamStore teams, TeamRing ring, AccountChanges accounts, BudgetCalendar calendar, TimeProvider time)
{
    /// <summary>Ask it before anything is written: a refusal takes nothing back.</summary>
    public static ProxyError? FindMissing(DbConnection connection, DbTransaction transaction, IReadOnlyList<AskedTeam> asked) =>
        asked.FirstOrDefault(team => !TeamStore.Exists(connection, transaction, team.TeamId)) is { } missing
            ? ProxyError.NotFound($"Team not found, passed team id: {missing.TeamId}.", UserRows.TeamsField)
            : null;

    /// <summary>The row lists teams by their ids, however they were asked for.</summary>
    public static AccountRow WithIds(AccountRow row, IReadOnlyList<AskedTeam> asked) => asked.Count == 0
        ? row
        : row with { Details = UserRows.With(row.Details, UserRows.TeamsField, new JsonArray([.. asked.Select(team => (JsonNode)team.TeamId)])) };

    /// <summary>Puts a user into teams. Where they are in already, they stay what they are.</summary>
    public TeamMoves Join(DbConnection connection, AuditedTransaction transaction, AccountRow user, IReadOnlyList<AskedTeam> asked, string? by)
    {
        var (joined, memberships, email) = (new List<TeamIdentity>(), new List<AccountRow>(), UserRows.FindEmail(user));
        foreach (var (teamId, role, terms) in asked)
        {
            var old = teams.Find(connection, transaction, teamId)!;
            if (old.Identity.Members.Has(user.Id)) continue;

            var (now, id) = (time.GetUtcNow(), AccountId.OfMember(teamId, user.Id));
            joined.Add(Save(connection, transaction, old, TeamMemberList.With(old.Identity, [new TeamMember(user.Id, email, role)]), by));
            memberships.Add(accounts.Save(
                connection, transaction, id, row => new(TeamMembership.Request.Apply(terms, row ?? AccountRequest.New(id, now, by), calendar, now, by), null)).Row!);
        }

        return new TeamMoves(joined, memberships);
    }

    /// <summary>Takes a user out of all teams. Their keys are for the caller to delete.</summary>
    /// <returns>The teams as they are now.</returns>
    public IReadOnlyList<TeamIdentity> LeaveAll(DbConnection connection, AuditedTransaction transaction, string userId, string? by) =>
    [
        .. TeamMemberIndex.ListTeams(connection, transaction, userId).Select(teamId =>
        {
            var old = teams.Find(connection, transaction, teamId)!;
            return Save(connection, transaction, old, TeamMemberList.Without(old.Identity, userId, email: null), by);
        }),
    ];

    /// <summary>Tells memory of what is committed.</summary>
    public void Tell(TeamMoves moves)
    {
        foreach (var team in moves.Teams) ring.Change(team);
        foreach (var row in moves.Memberships) accounts.Tell(row);
    }

    private TeamIdentity Save(DbConnection connection, AuditedTransaction transaction, TeamRecord old, TeamIdentity team, string? by)
    {
        var record = old with { Identity = team with { UpdatedAt = time.GetUtcNow(), UpdatedBy = by } };
        teams.Update(connection, transaction, old.Identity, record);
        return record.Identity;
    }
}
