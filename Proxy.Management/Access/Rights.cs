using Proxy.Management.Errors;
using Proxy.Management.Keys;
using Proxy.Management.Organizations;
using Proxy.Management.Teams;

namespace Proxy.Management.Access;

/// <summary>Who may do what: by the rule of an endpoint, and, where the rule leaves it to whose thing it is, by that.</summary>
internal static class Rights
{
    /// <param name="rule">What the routed endpoint says.</param>
    /// <param name="caller">Who calls it.</param>
    /// <param name="route">The pattern of the routed endpoint.</param>
    /// <returns>Why the caller may not, or null.</returns>
    public static ProxyError? FindRefusal(AccessRule rule, Caller caller, string route)
    {
        var kind = rule == AccessRule.OwnerOrAdmin ? RouteKind.Information : RouteKind.Management;
        if (caller.FindRouteRefusal(route, kind) is { } refusal) return refusal;
        if (IsAllowed(rule, caller)) return null;

        return caller.Role == Role.ProxyAdminViewer
            ? AuthErrors.ViewerMayNot(route)
            : AuthErrors.NotAdmin(route, caller);
    }

    extension(Caller caller)
    {
        /// <summary>Whose eyes are on all teams: an admin's and a viewer's.</summary>
        public bool SeesAll => caller.Role is Role.ProxyAdmin or Role.ProxyAdminViewer;

        /// <summary>An admin of the team, by its list of members, or of the organisation that it is in.</summary>
        public bool IsAdminOf(TeamIdentity team) =>
            caller.Key is not null && caller.UserId is { } user && (team.Members.IsAdmin(user) || caller.IsAdminOfOrganization(team.OrganizationId));

        public bool IsAdminOfOrganization(string? organizationId) =>
            organizationId is not null && caller.Key?.User?.Terms.Organizations.GetValueOrDefault(organizationId) == OrganizationMemberships.AdminRole;

        /// <summary>An admin of some organisation.</summary>
        public bool LooksAfterOrganizations => caller.Key?.User?.Terms.Organizations.Values.Contains(OrganizationMemberships.AdminRole) == true;

        /// <summary>Teams are made, changed and deleted by admins of the gateway, and by those of the organisation that the team is in. Its own admins do not: they would set its budget.</summary>
        public bool MayGovern(TeamIdentity team) => caller.IsProxyAdmin || caller.IsAdminOfOrganization(team.OrganizationId);

        /// <summary>An organisation is seen by its members.</summary>
        public bool MaySeeOrganization(string organizationId) => caller.SeesAll || caller.Key?.User?.Terms.Organizations.ContainsKey(organizationId) == true;

        public bool MayManage(TeamIdentity team) => caller.IsProxyAdmin || caller.IsAdminOf(team);

        /// <summary>Who calls with a key of the team sees it, and so does each of its members.</summary>
        public bool MaySee(TeamIdentity team) =>
            caller.SeesAll || caller.TeamId == team.TeamId || (caller.UserId is { } user && team.Members.Has(user)) || caller.IsAdminOf(team);

        /// <summary>What a team states of its members who are no admins: that is then all that they may do with its keys.</summary>
        /// <param name="team">The key's team, if it has one.</param>
        /// <param name="route">The endpoint that stands for it.</param>
        /// <returns>Null when the team leaves it to what each may do anyway.</returns>
        public bool? IsPermittedBy(TeamIdentity? team, string route) => team is not { MemberPermissions: { AreStated: true } stated } ? null
            : caller.UserId is { } user && team.Members.Has(user) && stated.Allow(route);

        /// <summary>A key is seen by itself, by its user, by the admins of its team, and by members whom the team lets see its keys.</summary>
        /// <param name="key">Whose key it is asked for.</param>
        /// <param name="team">The key's team, if it has one.</param>
        public bool MaySee(KeyIdentity key, TeamIdentity? team) =>
            caller.SeesAll
            || caller.KeyHash == key.Hash
            || (caller.UserId is not null && caller.UserId == key.UserId)
            || (team is not null && caller.IsAdminOf(team))
            || caller.IsPermittedBy(team, TeamMemberPermissions.Info) == true;

        /// <summary>A key is changed by who may make keys and is its user, by the admins of its team, and by members as the team states it; never by itself alone.</summary>
        /// <param name="key">Whose key it is asked for.</param>
        /// <param name="team">The key's team, if it has one.</param>
        /// <param name="route">What is asked for.</param>
        public bool MayChange(KeyIdentity key, TeamIdentity? team, string route) =>
            caller.IsProxyAdmin
            || (team is not null && caller.IsAdminOf(team))
            || (caller.IsPermittedBy(team, route) ?? (caller.Role is Role.InternalUser or Role.OrganizationAdmin && caller.UserId == key.UserId));

        /// <summary>A new secret goes only to the user of the key, or to the admin of a team for a key that has no other user: else an admin could call in another's name.</summary>
        /// <param name="key">Whose key it is asked for.</param>
        /// <param name="team">The key's team, if it has one.</param>
        /// <param name="route">What is asked for.</param>
        public bool MayTakeSecretOf(KeyIdentity key, TeamIdentity? team, string route) =>
            caller.MayChange(key, team, route) && (caller.IsProxyAdmin || key.UserId is null || key.UserId == caller.UserId);
    }

    private static bool IsAllowed(AccessRule rule, Caller caller) => rule switch
    {
        AccessRule.Public or AccessRule.OwnerOrAdmin => true,
        AccessRule.AdminOrViewer => caller.SeesAll,
        AccessRule.Manager => caller.IsProxyAdmin || MayChangeAnything(caller),
        AccessRule.OrganizationManager => caller.IsProxyAdmin || (MayChangeAnything(caller) && caller.LooksAfterOrganizations),
        _ => caller.IsProxyAdmin,
    };

    private static bool MayChangeAnything(Caller caller) => caller.UserId is not null && caller.Role is Role.None or Role.OrganizationAdmin or Role.InternalUser;
}
