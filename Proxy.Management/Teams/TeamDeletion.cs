using System.Data.Common;
using Proxy.Management.Budgets;
using Proxy.Management.Keys;
using Proxy.Management.Users;

namespace Proxy.Management.Teams;

/// <summary>A team whose row is gone, with what was its own.</summary>
internal sealed record GoneTeam(string TeamId, IReadOnlyList<GoneKey> Keys, IReadOnlyList<AccountId> Accounts);

/// <summary>Deletes teams with everything that is their own: the rows in a transaction, then what memory knows of them.</summary>
internal sealed class TeamDeletion(TeamRing ring, KeyDeletion keys, AccountDeletion accounts)
{
    /// <summary>The keys of the team, what its members may use, and the budgets of its models go with it. What was spent stays in the book.</summary>
    public GoneTeam Delete(DbConnection connection, DbTransaction transaction, string teamId)
    {
        foreach (var user in TeamMemberIndex.ListUsers(connection, transaction, teamId)) UserRows.LeaveTeam(connection, transaction, user, teamId);
        var gone = new GoneTeam(
            teamId,
            keys.Delete(connection, transaction, new KeyFilter { TeamId = teamId }),
            [
                .. AccountDeletion.DeleteOwned(connection, transaction, AccountKind.Member, teamId),
                .. AccountDeletion.DeleteOwned(connection, transaction, AccountKind.TeamModel, teamId),
            ]);
        TeamStore.Delete(connection, transaction, teamId);
        return gone;
    }

    /// <summary>The rows are gone, in a commit: the very next request is refused.</summary>
    public void Forget(IReadOnlyList<GoneTeam> teams)
    {
        foreach (var team in teams)
        {
            keys.Forget(team.Keys);
            accounts.Forget(team.Accounts);
            ring.Remove(team.TeamId);
        }
    }
}
