using System.Data.Common;
using Proxy.Management.Auditing;
using Proxy.Management.Budgets;
using Proxy.Management.Errors;
using Proxy.Management.Organizations;

namespace Proxy.Management.Users;

/// <summary>The organisations that a user is put into as the user is made or changed: in the same transaction. What they are in one already, they stay.</summary>
internal static class UserOrganizations
{
    public const string Field = "organizations";

    private const string UsualRole = "internal_user";

    /// <summary>Ask it before anything is written: a refusal takes nothing back.</summary>
    public static ProxyError? FindMissing(DbConnection connection, DbTransaction transaction, IReadOnlyList<string> asked) =>
        asked.FirstOrDefault(id => AccountStore.Find(connection, transaction, new AccountId(AccountKind.Organization, id)) is null) is { } missing
            ? ProxyError.NotFound($"Organization not found, passed organization id: {missing}.", Field)
            : null;

    /// <summary>The row of the user with the memberships in it, which the index of members has from now on too.</summary>
    public static AccountRow Join(DbConnection connection, AuditedTransaction transaction, AccountRow user, IReadOnlyList<string> asked, DateTimeOffset now)
    {
        foreach (var organization in asked.Except(OrganizationMemberships.Read(user.Details).Keys, StringComparer.Ordinal))
        {
            OrganizationMemberIndex.Save(connection, transaction, organization, user.Id, UsualRole, now);
            user = user with { Details = OrganizationMemberships.With(user.Details, organization, UsualRole) };
        }

        return user;
    }
}
