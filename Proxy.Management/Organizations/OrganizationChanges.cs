using System.Data.Common;
using Proxy.Management.Access;
using Proxy.Management.Auditing;
using Proxy.Management.Budgets;
using Proxy.Management.Errors;
using Proxy.Management.Keys;
using Proxy.Management.Teams;
using Proxy.Management.Users;

namespace Proxy.Management.Organizations;

/// <summary>The rows of those whose membership has changed, or why it has not.</summary>
internal sealed record OrganizationMemberChange(IReadOnlyList<AccountRow> Users, ProxyError? Error)
{
    /// <summary>What each of them may use of the organisation.</summary>
    public IReadOnlyList<AccountRow> Terms { get; init; } = [];

    /// <summary>Who is in it no more, and has nothing to use of it.</summary>
    public IReadOnlyList<AccountId> Gone { get; init; } = [];

    public static implicit operator OrganizationMemberChange(ProxyError error) => new([], error);
}

/// <summary>Changes who is in organisations, and deletes them: in one transaction, then in memory.</summary>
internal sealed class OrganizationChanges(
    AuditedWriter queue, AccountChanges accounts, AccountDeletion deletion, KeyDeletion keys, TeamDeletion teams, BudgetCalendar calendar, TimeProvider time)
{
    /// <summary>Adds all or none. Whoever is no user yet becomes one; who is in already gets the role.</summary>
    /// <param name="terms">What each may use of the organisation, put into their row. It may run twice.</param>
    public Task<OrganizationMemberChange> AddAsync(
        string organizationId, IReadOnlyList<TeamMember> members, Func<AccountRow, AccountRow> terms, Caller caller, CancellationToken cancellationToken) => WriteAsync(
        organizationId,
        caller,
        (connection, transaction) =>
        {
            var (users, saved, now) = (new List<AccountRow>(), new List<AccountRow>(), time.GetUtcNow());
            foreach (var member in members)
            {
                var id = member.UserId ?? UserRows.FindByEmail(connection, transaction, member.Email!) ?? Guid.NewGuid().ToString();
                UserRows.Ensure(connection, transaction, id, member.Email, calendar, now, caller.UserId);
                users.Add(Set(connection, transaction, organizationId, id, member.Role, caller.UserId)!);
                saved.Add(SaveTerms(connection, transaction, organizationId, id, terms, caller.UserId));
            }

            return new OrganizationMemberChange(users, null) { Terms = saved };
        },
        cancellationToken);

    /// <param name="role">Null leaves it as it is.</param>
    public Task<OrganizationMemberChange> UpdateAsync(
        string organizationId, (string? Id, string? Email) user, string? role, Func<AccountRow, AccountRow> terms, Caller caller, CancellationToken cancellationToken) => WriteAsync(
        organizationId,
        caller,
        (connection, transaction) =>
        {
            if (FindMember(connection, transaction, organizationId, user) is not { } id) return OrganizationErrors.NotAMember(user.Id ?? user.Email!);

            var row = role is null
                ? AccountStore.Find(connection, transaction, new AccountId(AccountKind.User, id))!
                : Set(connection, transaction, organizationId, id, role, caller.UserId)!;
            return new OrganizationMemberChange([row], null) { Terms = [SaveTerms(connection, transaction, organizationId, id, terms, caller.UserId)] };
        },
        cancellationToken);

    public Task<OrganizationMemberChange> RemoveAsync(
        string organizationId, (string? Id, string? Email) user, Caller caller, CancellationToken cancellationToken) => WriteAsync(
        organizationId,
        caller,
        (connection, transaction) =>
        {
            if (FindMember(connection, transaction, organizationId, user) is not { } id) return OrganizationErrors.NotAMember(user.Id ?? user.Email!);

            var account = AccountId.OfOrganizationMember(organizationId, id);
            AccountDeletion.Delete(connection, transaction, account);
            return new OrganizationMemberChange([Set(connection, transaction, organizationId, id, role: null, caller.UserId)!], null) { Gone = [account] };
        },
        cancellationToken);

    /// <summary>Deletes organisations with their teams, their keys and their memberships: all that are named or none. What was spent stays in the book.</summary>
    /// <returns>The first that does not exist; null when all are deleted.</returns>
    public async Task<string?> DeleteAsync(IReadOnlyList<string> ids, Caller caller, CancellationToken cancellationToken)
    {
        var deleted = await queue.WriteAsync<(string? Missing, List<AccountRow> Users, List<GoneTeam> Teams, List<GoneKey> Keys, List<AccountId> Accounts)>(
            (connection, transaction) =>
            {
                var missing = ids.FirstOrDefault(id => AccountStore.Find(connection, transaction, AccountOf(id)) is null);
                if (missing is not null) return (missing, [], [], [], []);

                var (users, goneTeams, goneKeys, goneAccounts) = (new List<AccountRow>(), new List<GoneTeam>(), new List<GoneKey>(), new List<AccountId>());
                foreach (var id in ids)
                {
                    users.AddRange(OrganizationMemberIndex.ListUsers(connection, transaction, id)
                        .Select(user => Set(connection, transaction, id, user, role: null, caller.UserId)).OfType<AccountRow>());
                    goneTeams.AddRange(TeamStore.ListOfOrganization(connection, transaction, id).Select(team => teams.Delete(connection, transaction, team)));
                    goneKeys.AddRange(keys.Delete(connection, transaction, new KeyFilter { OrganizationId = id }));
                    AccountDeletion.Delete(connection, transaction, AccountOf(id));
                    goneAccounts.AddRange(AccountDeletion.DeleteOwned(connection, transaction, AccountKind.OrganizationMember, id));
                }

                return (null, users, goneTeams, goneKeys, goneAccounts);
            },
            result =>
            {
                if (result.Missing is not null) return;

                foreach (var user in result.Users) accounts.Tell(user);
                teams.Forget(result.Teams);
                keys.Forget(result.Keys);
                deletion.Forget([.. ids.Select(AccountOf), .. result.Accounts]);
            },
            cancellationToken);
        return deleted.Missing;
    }

    private static AccountId AccountOf(string organizationId) => new(AccountKind.Organization, organizationId);

    /// <returns>The row of the user as it is now; null when there is none.</returns>
    private AccountRow? Set(DbConnection connection, AuditedTransaction transaction, string organizationId, string userId, string? role, string? by)
    {
        var now = time.GetUtcNow();
        OrganizationMemberIndex.Save(connection, transaction, organizationId, userId, role, now);
        var id = new AccountId(AccountKind.User, userId);
        if (AccountStore.Find(connection, transaction, id) is not { } row) return null;

        var changed = row with { Details = OrganizationMemberships.With(row.Details, organizationId, role), UpdatedAt = now.ToUnixTimeMilliseconds(), UpdatedBy = by };
        return accounts.Save(connection, transaction, id, _ => new(changed, null)).Row;
    }

    private static string? FindMember(DbConnection connection, AuditedTransaction transaction, string organizationId, (string? Id, string? Email) user)
    {
        var id = user.Id ?? UserRows.FindByEmail(connection, transaction, user.Email!);
        return id is not null && OrganizationMemberIndex.ListUsers(connection, transaction, organizationId).Contains(id) ? id : null;
    }

    private AccountRow SaveTerms(
        DbConnection connection, AuditedTransaction transaction, string organizationId, string userId, Func<AccountRow, AccountRow> terms, string? by)
    {
        var id = AccountId.OfOrganizationMember(organizationId, userId);
        return accounts.Save(connection, transaction, id, row => new(terms(row ?? AccountRequest.New(id, time.GetUtcNow(), by)), null)).Row!;
    }

    /// <remarks>Who may not manage an organisation does not learn whether it exists.</remarks>
    private Task<OrganizationMemberChange> WriteAsync(
        string organizationId, Caller caller, Func<DbConnection, AuditedTransaction, OrganizationMemberChange> work, CancellationToken cancellationToken) => queue.WriteAsync(
        (connection, transaction) =>
        {
            if (!caller.IsProxyAdmin && !caller.IsAdminOfOrganization(organizationId)) return OrganizationErrors.NotYours(organizationId);

            return AccountStore.Find(connection, transaction, AccountOf(organizationId)) is null
                ? AccountErrors.Unknown(OrganizationContracts.IdField, organizationId)
                : work(connection, transaction);
        },
        change =>
        {
            foreach (var row in change.Users.Concat(change.Terms)) accounts.Tell(row);
            deletion.Forget(change.Gone);
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
