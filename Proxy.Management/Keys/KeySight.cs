using Proxy.Management.Access;
using Proxy.Management.Teams;

namespace Proxy.Management.Keys;

/// <summary>Narrows a list to the keys that its caller may see.</summary>
internal sealed class KeySight(TeamSight sight)
{
    /// <remarks>A team's keys are shown to its admins, and to members whom it lets list them, when they ask for the team or for all of theirs.</remarks>
    public async Task<KeyFilter> NarrowAsync(KeyListQuery query, Caller caller, CancellationToken cancellationToken)
    {
        if (caller.SeesAll) return query.Filter;

        var asked = query.Filter.TeamId is { } team ? [team] : query.IncludesTeams ? null : (IReadOnlyList<string>)[];
        var seen = await sight.ListAsync(
            caller, asked, found => caller.IsAdminOf(found) || caller.IsPermittedBy(found, TeamMemberPermissions.List) == true, cancellationToken);
        return query.Filter with { Eyes = new KeyEyes(caller.KeyHash, caller.UserId, seen, query.IncludesMade) };
    }
}
