using System.Data.Common;
using Proxy.Management.Access;
using Proxy.Management.Budgets;
using Proxy.Management.Errors;
using Proxy.Management.Keys;
using Proxy.Management.Organizations;
using Proxy.Management.Storage;
using Proxy.Management.Teams;

namespace Proxy.Management.Users;

/// <summary>A new user with the key that was made with them, or why there is neither.</summary>
internal sealed record NewUser(AccountRow? Row, KeyRecord? Key, ProxyError? Error);

/// <summary>Makes and deletes users, with the keys and the places in teams that are theirs: in one transaction, then in memory.</summary>
internal sealed class UserChanges(
    CommitQueue queue, AccountChanges accounts, AccountDeletion deletion, KeyChanges keyChanges, KeyDeletion keys, TeamStore teams, TeamRing ring, TimeProvider time)
{
    /// <param name="id">The new user.</param>
    /// <param name="apply">Puts what the body states into a row.</param>
    /// <param name="key">The key to be made with them, or null.</param>
    public Task<NewUser> CreateAsync(AccountId id, Func<AccountRow, AccountRow> apply, KeyRecord? key, Caller caller, CancellationToken cancellationToken) => queue.WriteAsync(
        (connection, transaction) =>
        {
            // Calls make a row too, with nothing but what was spent; that one is not made yet.
            var old = AccountStore.Find(connection, transaction, id);
            if (old is { UpdatedBy: not null }) return new NewUser(null, null, AccountErrors.Exists(UserContracts.IdField, id.Id));

            var made = key is null ? default : keyChanges.Create(connection, transaction, key, caller, []);
            if (made.Error is not null) return new NewUser(null, null, made.Error);

            var saved = accounts.Save(connection, transaction, id, row => new(apply(row ?? AccountRequest.New(id, time.GetUtcNow(), caller.UserId)), null));
            return new NewUser(saved.Row, made.Key, null);
        },
        user =>
        {
            if (user.Row is not null) accounts.Tell(user.Row);
            if (user.Key is not null) keyChanges.Tell(user.Key.Identity);
        },
        cancellationToken);

    /// <summary>Deletes users with their keys, and takes them out of their teams: all that are named or none. What was spent stays in the book.</summary>
    /// <returns>The first that does not exist; null when all are deleted.</returns>
    public async Task<string?> DeleteAsync(IReadOnlyList<string> userIds, Caller caller, CancellationToken cancellationToken)
    {
        var deleted = await queue.WriteAsync<(string? Missing, List<GoneKey> Keys, List<AccountId> Accounts, List<TeamIdentity> Teams)>(
            (connection, transaction) =>
            {
                var missing = userIds.FirstOrDefault(id => AccountStore.Find(connection, transaction, new AccountId(AccountKind.User, id)) is null);
                if (missing is not null) return (missing, [], [], []);

                var (goneKeys, goneAccounts, left) = (new List<GoneKey>(), new List<AccountId>(), new List<TeamIdentity>());
                foreach (var id in userIds)
                {
                    goneKeys.AddRange(keys.Delete(connection, transaction, new KeyFilter { UserId = id }));
                    foreach (var teamId in TeamMemberIndex.ListTeams(connection, transaction, id))
                    {
                        left.Add(Leave(connection, transaction, teamId, id, caller.UserId));
                        goneAccounts.Add(AccountId.OfMember(teamId, id));
                    }

                    OrganizationMemberIndex.DeleteOfUser(connection, transaction, id);
                    goneAccounts.Add(new AccountId(AccountKind.User, id));
                }

                foreach (var account in goneAccounts) AccountDeletion.Delete(connection, transaction, account);
                return (null, goneKeys, goneAccounts, left);
            },
            result =>
            {
                foreach (var team in result.Teams) ring.Change(team);
                keys.Forget(result.Keys);
                deletion.Forget(result.Accounts);
            },
            cancellationToken);
        return deleted.Missing;
    }

    private TeamIdentity Leave(DbConnection connection, DbTransaction transaction, string teamId, string userId, string? by)
    {
        var old = teams.Find(connection, transaction, teamId)!;
        var record = old with { Identity = TeamMemberList.Without(old.Identity, userId, email: null) with { UpdatedAt = time.GetUtcNow(), UpdatedBy = by } };
        teams.Update(connection, transaction, old.Identity, record);
        return record.Identity;
    }
}
