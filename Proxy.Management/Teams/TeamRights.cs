using Proxy.Management.Access;
using Proxy.Management.Errors;

namespace Proxy.Management.Teams;

/// <summary>Why a caller may not do something with a team. Who may not manage a team does not learn whether it exists.</summary>
internal static class TeamRights
{
    public static ProxyError? FindManaging(Caller caller, TeamIdentity? team, string teamId, string route) =>
        team is null ? (caller.IsProxyAdmin ? TeamErrors.NotFound(teamId) : TeamErrors.NotAdminOf(teamId, route))
        : caller.MayManage(team) ? null
        : TeamErrors.NotAdminOf(teamId, route);

    /// <summary>Whether the caller may change or delete the team. Who may not does not learn whether it exists.</summary>
    public static ProxyError? FindGoverning(Caller caller, TeamIdentity? team, string teamId) =>
        team is null ? (caller.IsProxyAdmin ? null : TeamErrors.NotYoursToGovern(teamId))
        : caller.MayGovern(team) ? null
        : TeamErrors.NotYoursToGovern(teamId);

    /// <summary>Whether the caller may have a team there: no team goes to where they could not make one.</summary>
    public static ProxyError? FindPlacing(Caller caller, TeamIdentity team) => caller.MayGovern(team) ? null : TeamErrors.NotYourOrganization(team.OrganizationId);

    /// <summary>Whether somebody asks for nothing but to be in themselves.</summary>
    public static bool AreSelf(Caller caller, IReadOnlyList<TeamMember> members) =>
        caller.Role is Role.InternalUser or Role.OrganizationAdmin && members is [{ Role: TeamMembers.UserRole, Email: null, UserId: { } user }] && user == caller.UserId;

    /// <summary>Where a team's calls are logged is a matter of the gateway's admins and of its own.</summary>
    public static ProxyError? FindLogging(Caller caller, TeamIdentity? team, ProxyError unknown) =>
        team is null ? (caller.IsProxyAdmin ? unknown : TeamErrors.NotYoursToLog)
        : caller.MayManage(team) ? null
        : TeamErrors.NotYoursToLog;

    public static ProxyError? FindGranting(Caller caller, TeamIdentity? team, string teamId) =>
        FindManaging(caller, team, teamId, "") is not { } refusal ? null
        : refusal.Status == 404 ? refusal
        : TeamErrors.NotYoursToGrant;
}
