using System.Data.Common;
using Proxy.Management.Access;
using Proxy.Management.Auditing;
using Proxy.Management.Budgets;
using Proxy.Management.Errors;
using Proxy.Management.Keys;
using Proxy.Management.Organizations;
using Proxy.Management.Teams;

namespace Proxy.Management.Users;

/// <summary>A new user with the key that was made with them, or why there is neither.</summary>
internal sealed record NewUser(AccountRow? Row, KeyRecord? Key, ProxyError? Error);

/// <summary>What is to become of a user.</summary>
/// <param name="Id">Which one.</param>
/// <param name="Apply">Puts what the body states into a row. It may run twice.</param>
/// <param name="Teams">Where they are to be from now on.</param>
/// <param name="Organizations">The same of organisations.</param>
internal sealed record UserEdit(AccountId Id, Func<AccountRow, AccountRow> Apply, IReadOnlyList<AskedTeam> Teams, IReadOnlyList<string> Organizations);

/// <summary>Makes, changes and deletes users, with the keys and the places in teams that are theirs: in one transaction, then in memory.</summary>
internal sealed class UserChanges(
    AuditedWriter queue, AccountChanges accounts, AccountDeletion deletion, KeyChanges keyChanges, KeyDeletion keys, UserTeams teams, TimeProvider time)
{
    /// <param name="key">The key to be made with them, or null.</param>
    public async Task<NewUser> CreateAsync(UserEdit edit, KeyRecord? key, Caller caller, CancellationToken cancellationToken)
    {
        var id = edit.Id;
        var (user, _) = await queue.WriteAsync<(NewUser User, TeamMoves? Moves)>(
            (connection, transaction) =>
            {
                // Calls make a row too, with nothing but what was spent; that one is not made yet.
                var old = AccountStore.Find(connection, transaction, id);
                if (old is { UpdatedBy: not null }) return (new NewUser(null, null, AccountErrors.Exists(UserContracts.IdField, id.Id)), null);
                if (FindMissing(connection, transaction, edit) is { } missing) return (new NewUser(null, null, missing), null);

                var made = key is null ? default : keyChanges.Create(connection, transaction, key, caller, []);
                if (made.Error is not null) return (new NewUser(null, null, made.Error), null);

                var row = accounts.Save(connection, transaction, id, row => new(Apply(connection, transaction, edit, row ?? AccountRequest.New(id, time.GetUtcNow(), caller.UserId)), null)).Row!;
                return (new NewUser(row, made.Key, null), teams.Join(connection, transaction, row, edit.Teams, caller.UserId));
            },
            made =>
            {
                Tell(made.User.Row, made.Moves);
                if (made.User.Key is not null) keyChanges.Tell(made.User.Key.Identity);
            },
            cancellationToken);
        return user;
    }

    /// <summary>Changes a user, and puts them into the teams that are named; whoever is to leave one is taken out there.</summary>
    public async Task<AccountChange> UpdateAsync(UserEdit edit, Caller caller, CancellationToken cancellationToken)
    {
        var (change, _) = await queue.WriteAsync<(AccountChange Change, TeamMoves? Moves)>(
            (connection, transaction) =>
            {
                if (AccountStore.Find(connection, transaction, edit.Id) is not { } old) return (new(null, AccountErrors.Unknown(UserContracts.IdField, edit.Id.Id)), null);
                if (FindMissing(connection, transaction, edit) is { } missing) return (new(null, missing), null);

                var saved = accounts.Save(connection, transaction, edit.Id, _ => new(Apply(connection, transaction, edit, old), null));
                return (saved, teams.Join(connection, transaction, saved.Row!, edit.Teams, caller.UserId));
            },
            changed => Tell(changed.Change.Row, changed.Moves),
            cancellationToken);
        return change;
    }

    /// <summary>Deletes users with their keys, and takes them out of their teams: all that are named or none. What was spent stays in the book.</summary>
    /// <returns>The first that does not exist; null when all are deleted.</returns>
    public async Task<string?> DeleteAsync(IReadOnlyList<string> userIds, Caller caller, CancellationToken cancellationToken)
    {
        var deleted = await queue.WriteAsync<(string? Missing, List<GoneKey> Keys, List<AccountId> Accounts, List<TeamIdentity> Left)>(
            (connection, transaction) =>
            {
                var missing = userIds.FirstOrDefault(id => AccountStore.Find(connection, transaction, new AccountId(AccountKind.User, id)) is null);
                if (missing is not null) return (missing, [], [], []);

                var (goneKeys, goneAccounts, left) = (new List<GoneKey>(), new List<AccountId>(), new List<TeamIdentity>());
                foreach (var id in userIds)
                {
                    goneKeys.AddRange(keys.Delete(connection, transaction, new KeyFilter { UserId = id }));
                    var were = teams.LeaveAll(connection, transaction, id, caller.UserId);
                    left.AddRange(were);
                    goneAccounts.AddRange(were.Select(team => AccountId.OfMember(team.TeamId, id)));
                    goneAccounts.AddRange(OrganizationMemberIndex.ListOrganizations(connection, transaction, id).Select(organization => AccountId.OfOrganizationMember(organization, id)));
                    OrganizationMemberIndex.DeleteOfUser(connection, transaction, id);
                    goneAccounts.Add(new AccountId(AccountKind.User, id));
                }

                foreach (var account in goneAccounts) AccountDeletion.Delete(connection, transaction, account);
                return (null, goneKeys, goneAccounts, left);
            },
            result =>
            {
                teams.Tell(new TeamMoves(result.Left, []));
                keys.Forget(result.Keys);
                deletion.Forget(result.Accounts);
            },
            cancellationToken);
        return deleted.Missing;
    }

    private static ProxyError? FindMissing(DbConnection connection, DbTransaction transaction, UserEdit edit) =>
        UserTeams.FindMissing(connection, transaction, edit.Teams) ?? UserOrganizations.FindMissing(connection, transaction, edit.Organizations);

    private AccountRow Apply(DbConnection connection, AuditedTransaction transaction, UserEdit edit, AccountRow row) =>
        UserOrganizations.Join(connection, transaction, edit.Apply(row), edit.Organizations, time.GetUtcNow());

    private void Tell(AccountRow? row, TeamMoves? moves)
    {
        if (row is not null) accounts.Tell(row);
        if (moves is not null) teams.Tell(moves);
    }
}
