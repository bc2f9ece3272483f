using System.Data.Common;
using Proxy.Management.Access;
using Proxy.Management.Budgets;
using Proxy.Management.Errors;
using Proxy.Management.Keys;
using Proxy.Management.Storage;
using Proxy.Management.Teams;
using Proxy.Management.Users;

namespace Proxy.Management.Organizations;

/// <summary>The rows of those whose membership has changed, or why it has not.</summary>
internal sealed record OrganizationMemberChange(IReadOnlyList<AccountRow> Users, ProxyError? Error)
{
    public static implicit operator OrganizationMemberChange(ProxyError error) => new([], error);
}

/// <summary>Changes who is in organisations, and deletes them: in one transaction, then in memory.</summary>
internal sealed class OrganizationChanges(
    CommitQueue queue, AccountChanges accounts, AccountDeletion deletion, KeyDeletion keys, TeamDeletion teams, BudgetCalendar calendar, TimeProvider time)
{
    /// <summary>Adds all or none. Whoever is no user yet becomes one; who is in already gets the role.</summary>
    public Task<OrganizationMemberChange> AddAsync(
        string organizationId, IReadOnlyList<TeamMember> members, Caller caller, CancellationToken cancellationToken) => WriteAsync(
        organizationId,
        caller,
        (connection, transaction) =>
        {
            var (users, now) = (new List<AccountRow>(), time.GetUtcNow());
            foreach (var member in members)
            {
                var id = member.UserId ?? UserRows.FindByEmail(connection, transaction, member.Email!) ?? Guid.NewGuid().ToString();
                UserRows.Ensure(connection, transaction, id, member.Email, calendar, now, caller.UserId);
                users.Add(Set(connection, transaction, organizationId, id, member.Role, caller.UserId)!);
            }

            return new OrganizationMemberChange(users, null);
        },
        cancellationToken);

    /// <param name="role">Null takes the member out.</param>
    public Task<OrganizationMemberChange> SetRoleAsync(
        string organizationId, string? userId, string? email, string? role, Caller caller, CancellationToken cancellationToken) => WriteAsync(
        organizationId,
        caller,
        (connection, transaction) =>
        {
            var id = userId ?? UserRows.FindByEmail(connection, transaction, email!);
            return id is not null && OrganizationMemberIndex.ListUsers(connection, transaction, organizationId).Contains(id)
                ? new OrganizationMemberChange([Set(connection, transaction, organizationId, id, role, caller.UserId)!], null)
                : OrganizationErrors.NotAMember(userId ?? email!);
        },
        cancellationToken);

    /// <summary>Deletes organisations with their teams, their keys and their memberships: all that are named or none. What was spent stays in the book.</summary>
    /// <returns>The first that does not exist; null when all are deleted.</returns>
    public async Task<string?> DeleteAsync(IReadOnlyList<string> ids, Caller caller, CancellationToken cancellationToken)
    {
        var deleted = await queue.WriteAsync<(string? Missing, List<AccountRow> Users, List<GoneTeam> Teams, List<GoneKey> Keys)>(
            (connection, transaction) =>
            {
                var missing = ids.FirstOrDefault(id => AccountStore.Find(connection, transaction, AccountOf(id)) is null);
                if (missing is not null) return (missing, [], [], []);

                var (users, goneTeams, goneKeys) = (new List<AccountRow>(), new List<GoneTeam>(), new List<GoneKey>());
                foreach (var id in ids)
                {
                    users.AddRange(OrganizationMemberIndex.ListUsers(connection, transaction, id)
                        .Select(user => Set(connection, transaction, id, user, role: null, caller.UserId)).OfType<AccountRow>());
                    goneTeams.AddRange(TeamStore.ListOfOrganization(connection, transaction, id).Select(team => teams.Delete(connection, transaction, team)));
                    goneKeys.AddRange(keys.Delete(connection, transaction, new KeyFilter { OrganizationId = id }));
                    AccountDeletion.Delete(connection, transaction, AccountOf(id));
                }

                return (null, users, goneTeams, goneKeys);
            },
            result =>
            {
                if (result.Missing is not null) return;

                foreach (var user in result.Users) accounts.Tell(user);
                teams.Forget(result.Teams);
                keys.Forget(result.Keys);
                deletion.Forget([.. ids.Select(AccountOf)]);
            },
            cancellationToken);
        return deleted.Missing;
    }

    private static AccountId AccountOf(string organizationId) => new(AccountKind.Organization, organizationId);

    /// <returns>The row of the user as it is now; null when there is none.</returns>
    private AccountRow? Set(DbConnection connection, DbTransaction transaction, string organizationId, string userId, string? role, string? by)
    {
        var now = time.GetUtcNow();
        OrganizationMemberIndex.Save(connection, transaction, organizationId, userId, role, now);
        var id = new AccountId(AccountKind.User, userId);
        if (AccountStore.Find(connection, transaction, id) is not { } row) return null;

        var changed = row with { Details = OrganizationMemberships.With(row.Details, organizationId, role), UpdatedAt = now.ToUnixTimeMilliseconds(), UpdatedBy = by };
        return accounts.Save(connection, transaction, id, _ => new(changed, null)).Row;
    }

    /// <remarks>Who may not manage an organisation does not learn whether it exists.</remarks>
    private Task<OrganizationMemberChange> WriteAsync(
        string organizationId, Caller caller, Func<DbConnection, DbTransaction, OrganizationMemberChange> work, CancellationToken cancellationToken) => queue.WriteAsync(
        (connection, transaction) =>
        {
            if (!caller.IsProxyAdmin && !caller.IsAdminOfOrganization(organizationId)) return OrganizationErrors.NotYours(organizationId);

            return AccountStore.Find(connection, transaction, AccountOf(organizationId)) is null
                ? AccountErrors.Unknown(OrganizationContracts.IdField, organizationId)
                : work(connection, transaction);
        },
        change =>
        {
            foreach (var user in change.Users) accounts.Tell(user);
        },
        cancellationToken);
}

/// <summary>The refusals of the organisation endpoints.</summary>
internal static class OrganizationErrors
{
    public static ProxyError NotYours(string organizationId) => new(
        403, ProxyError.AuthError, $"Call not allowed. User not proxy admin OR admin of the organization. organization_id={organizationId}", OrganizationContracts.IdField);

    public static ProxyError NotAMember(string user) => ProxyError.NotFound($"User {user} is not in the organization.", "user_id");
}
