using System.Data.Common;
using Proxy.Management.Budgets;
using Proxy.Management.Keys;

namespace Proxy.Management.Spend;

/// <summary>The hot writes in the words of one engine. They are in the transaction when <see cref="Flush"/> has returned, and may be before.</summary>
internal interface ISpendStatements : IDisposable
{
    void Insert(SpendEntry entry, long picos);

    /// <summary>Writes down calls that are in no sum yet.</summary>
    void InsertUnsummed(long row, byte[] calls);

    /// <summary>They are now.</summary>
    /// <param name="after">The rows up to this one are gone: a server that may not clean up yet need not look through what is left of them.</param>
    void DeleteUnsummed(long after);

    void AddToKey(in KeyHash hash, long picos);

    void AddToTeam(string teamId, long picos);

    /// <summary>Makes the account when there is none: calls may name whom nobody has made.</summary>
    void AddToAccount(AccountId id, long picos, long now);

    void AddToDay(in SpendDay day, in DaySum sum);

    void AddToDay(in AccountDay day, in DaySum sum);

    void Flush(DbTransaction transaction);

    void Forget();
}
