using Proxy.Management.Access;

namespace Proxy.Management.Teams;

/// <summary>Which teams a caller who does not see all sees more of than what is their own.</summary>
internal sealed class TeamSight(TeamMemberIndex members, TeamRing teams)
{
    /// <param name="caller">Who asks.</param>
    /// <param name="asked">The teams that are asked for; null for all that the caller is in.</param>
    /// <param name="isSeen">Which of them are shown.</param>
    public async Task<IReadOnlyList<string>> ListAsync(
        Caller caller, IReadOnlyList<string>? asked, Func<TeamIdentity, bool> isSeen, CancellationToken cancellationToken)
    {
        asked ??= caller.UserId is { } user ? await members.ListTeamsAsync(user, cancellationToken) : [];
        var seen = new List<string>();
        foreach (var teamId in asked)
        {
            if (await teams.FindAsync(teamId) is { } team && isSeen(team.Current)) seen.Add(teamId);
        }

        return seen;
    }
}
