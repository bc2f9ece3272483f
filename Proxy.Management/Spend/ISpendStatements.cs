using System.Data.Common;
using Proxy.Management.Budgets;
using Proxy.Management.Keys;

namespace Proxy.Management.Spend;

/// <summary>The hot writes in the words of one engine. They are in the transaction when <see cref="Flush"/> has returned, and may be before.</summary>
internal interface ISpendStatements : IDisposable
{
    void Insert(SpendEntry entry, long picos);

    void AddToKey(in KeyHash hash, long picos);

    void AddToTeam(string teamId, long picos);

    /// <summary>Makes the account when there is none: calls may name whom nobody has made.</summary>
    void AddToAccount(AccountId id, long picos, long now);

    void Flush(DbTransaction transaction);

    void Forget();
}
