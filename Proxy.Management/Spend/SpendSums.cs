using System.Runtime.InteropServices;
using Proxy.Management.Budgets;
using Proxy.Management.Keys;

namespace Proxy.Management.Spend;

/// <summary>What calls add to their keys, teams and accounts, and to their days: each row that they meet once.</summary>
/// <remarks>Amounts in memory have no bound. One that a column does not hold fails when it is written, and no other with it.</remarks>
internal sealed class SpendSums
{
    private readonly Dictionary<KeyHash, Int128> _keys = [];
    private readonly Dictionary<string, Int128> _teams = [];
    private readonly Dictionary<AccountId, Int128> _accounts = [];
    private readonly DaySums _days = new();

    /// <summary>How many calls are in it.</summary>
    public int Calls { get; private set; }

    /// <summary>How many rows will be written.</summary>
    public int Rows => _keys.Count + _teams.Count + _accounts.Count + _days.Count;

    public void Add(in Charge charge)
    {
        var (entry, picos) = (charge.Entry, charge.Picos);
        Calls++;
        _days.Add(entry, picos);
        if (picos == 0) return;

        if (entry.KeyHash is { } hash) Add(_keys, hash, picos);
        if (entry.TeamId is { } team) Add(_teams, team, picos);
        if (entry.OrganizationId is { } organization) Add(_accounts, new AccountId(AccountKind.Organization, organization), picos);
        if (entry.UserId is { } user) Add(_accounts, new AccountId(AccountKind.User, user), picos);
        if (entry is { TeamId: { } ownTeam, UserId: { } member }) Add(_accounts, AccountId.OfMember(ownTeam, member), picos);
        if (entry.EndUser is { } customer) Add(_accounts, new AccountId(AccountKind.Customer, customer), picos);
        foreach (var tag in entry.Tags) Add(_accounts, new AccountId(AccountKind.Tag, tag), picos);
        foreach (var other in charge.Others) Add(_accounts, other, picos);
    }

    /// <summary>A write for each row, with the kind of its scope.</summary>
    /// <param name="now">When accounts are made that nobody has made.</param>
    public IEnumerable<(string Scope, Action<ISpendStatements> Write)> ToWrites(long now)
    {
        // A row that was deleted meanwhile is no fault: the entry itself stays in the book.
        foreach (var (hash, amount) in _keys) yield return ("key", statements => statements.AddToKey(hash, checked((long)amount)));
        foreach (var (team, amount) in _teams) yield return ("team", statements => statements.AddToTeam(team, checked((long)amount)));
        foreach (var (id, amount) in _accounts) yield return (id.Scope, statements => statements.AddToAccount(id, checked((long)amount), now));
        foreach (var write in _days.ToWrites()) yield return ("day", write);
    }

    public void Clear()
    {
        Calls = 0;
        _keys.Clear();
        _teams.Clear();
        _accounts.Clear();
        _days.Clear();
    }

    private static void Add<T>(Dictionary<T, Int128> sums, T key, long amount)
        where T : notnull
    {
        ref var sum = ref CollectionsMarshal.GetValueRefOrAddDefault(sums, key, out _);
        sum += amount;
    }
}
