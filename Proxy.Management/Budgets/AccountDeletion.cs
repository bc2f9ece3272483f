using System.Data.Common;
using Dapper;
using Proxy.Management.Auditing;

namespace Proxy.Management.Budgets;

/// <summary>Deletes accounts: all that are named or none. What was spent stays in the book; one that calls still hold on to has no limits any more.</summary>
internal sealed class AccountDeletion(AuditedWriter queue, AccountRing ring)
{
    private const string DeleteSql = """
        delete from account
        where kind = @kind and id = @id
        """;

    private const string OwnedSql = """
        select id
        from account
        where kind = @kind and id > @first and id < @beyond
        """;

    /// <returns>The first that does not exist; null when all are deleted.</returns>
    public async Task<AccountId?> DeleteAsync(IReadOnlyList<AccountId> ids, CancellationToken cancellationToken)
    {
        var (deleted, missing) = await queue.WriteAsync<(IReadOnlyList<AccountId> Deleted, AccountId? Missing)>(
            (connection, transaction) =>
            {
                foreach (var id in ids)
                {
                    if (AccountStore.Find(connection, transaction, id) is null) return ([], id);
                }

                foreach (var id in ids) Delete(connection, transaction, id);
                return (ids, null);
            },
            result => Forget(result.Deleted),
            cancellationToken);
        return deleted.Count == 0 ? missing : null;
    }

    public static void Delete(DbConnection connection, AuditedTransaction transaction, AccountId id)
    {
        transaction.Watch(AuditedRow.Of(id));
        connection.Execute(DeleteSql, new { kind = id.Scope, id = id.Id }, transaction.Inner);
    }

    /// <summary>Deletes all accounts of a kind that one owner has: the members of a team, or its models.</summary>
    /// <returns>Which they were.</returns>
    public static IReadOnlyList<AccountId> DeleteOwned(DbConnection connection, AuditedTransaction transaction, AccountKind kind, string ownerId)
    {
        var (first, beyond) = AccountId.RangeOf(ownerId);
        var parameters = new { kind = new AccountId(kind, "").Scope, first, beyond };
        var ids = connection.Query<string>(OwnedSql, parameters, transaction.Inner).Select(id => new AccountId(kind, id)).ToList();
        foreach (var id in ids) Delete(connection, transaction, id);
        return ids;
    }

    /// <summary>The rows are gone, in a commit.</summary>
    public void Forget(IReadOnlyList<AccountId> ids)
    {
        foreach (var id in ids)
        {
            ring.Change(id, account =>
            {
                lock (ring.Gate)
                {
                    account.Apply(AccountTerms.None);
                    account.SetSpend(0);
                }
            });
        }
    }
}
