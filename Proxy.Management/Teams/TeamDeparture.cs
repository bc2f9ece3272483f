using System.Data.Common;
using Proxy.Management.Auditing;
using Proxy.Management.Budgets;
using Proxy.Management.Keys;
using Proxy.Management.Users;

namespace Proxy.Management.Teams;

/// <summary>Somebody who is in a team no more, with what they had of it.</summary>
internal sealed record GoneMember(IReadOnlyList<GoneKey> Keys, AccountId Account);

/// <summary>What goes with a member who leaves a team, however they leave it: the rows in a transaction, then what memory knows of them.</summary>
internal sealed class TeamDeparture(KeyDeletion keys, AccountDeletion accounts)
{
    /// <summary>Their keys of the team, which could call on in its name, what they may use of it, and its place in their own row.</summary>
    public GoneMember Leave(DbConnection connection, AuditedTransaction transaction, string teamId, string userId)
    {
        var account = AccountId.OfMember(teamId, userId);
        AccountDeletion.Delete(connection, transaction, account);
        UserRows.LeaveTeam(connection, transaction, userId, teamId);
        return new GoneMember(keys.Delete(connection, transaction, new KeyFilter { TeamId = teamId, UserId = userId }), account);
    }

    /// <summary>All who were in the team and are not any more.</summary>
    public IReadOnlyList<GoneMember> Compare(DbConnection connection, AuditedTransaction transaction, TeamIdentity old, TeamIdentity team) =>
        [.. old.Members.Roles.Keys.Where(user => !team.Members.Has(user)).Select(user => Leave(connection, transaction, team.TeamId, user))];

    /// <summary>The rows are gone, in a commit: the very next request is refused.</summary>
    public void Forget(IReadOnlyList<GoneMember> members)
    {
        foreach (var member in members) keys.Forget(member.Keys);
        accounts.Forget([.. members.Select(member => member.Account)]);
    }
}
