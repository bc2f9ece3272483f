using Proxy.Management.Access;
using Proxy.Management.Storage;

namespace Proxy.Management.Budgets;

/// <summary>The accounts in memory. An account stays, so that keys, teams and calls under way can hold on to it.</summary>
/// <remarks>Customers and tags are what clients say, so there is no end of them: of those, the ones that nobody uses leave, oldest first.
/// Nothing is lost with them, since their spend is in their row. One that left is never admitted to again: see <see cref="Account.HasLeft"/>.</remarks>
internal sealed class AccountRing
{
    private const int MostIdle = 10_000;

    private readonly StateCache<AccountId, Account> _accounts;
    private readonly AccountStore _store;

    public AccountRing(AccountStore store)
    {
        _store = store;
        _accounts = new StateCache<AccountId, Account>(LoadAsync);
    }

    /// <summary>The one lock of all accounts.</summary>
    public Lock Gate { get; } = new();

    /// <summary>The whole program.</summary>
    public Account Proxy { get; } = new(AccountId.Proxy, AccountTerms.None, 0);

    /// <summary>The user in whose name the master key acts; it has no limits of its own.</summary>
    public Account Master { get; } = new(new AccountId(AccountKind.User, Caller.AdminUserId), AccountTerms.None, 0);

    public Account? FindLoaded(AccountId id) => id.Kind == AccountKind.Proxy ? Proxy : _accounts.FindLoaded(id);

    /// <summary>The account; one without a row has no terms and has spent nothing yet.</summary>
    public async ValueTask<Account> FindAsync(AccountId id) => FindLoaded(id) ?? (await _accounts.LoadAsync(id, missing: null))!;

    /// <summary>The account of a key or a team, whose row the caller has read.</summary>
    public Account Hold(AccountId id, Func<Account> create) => _accounts.GetOrAdd(id, create);

    /// <summary>The row has changed in a commit; the very next call sees it.</summary>
    public void Change(AccountId id, Action<Account> change)
    {
        if (id.Kind == AccountKind.Proxy) change(Proxy);
        else _accounts.Change(id, change);
    }

    /// <summary>Lets those customers and tags leave that were not used for longest.</summary>
    /// <param name="clock">The clock of admissions.</param>
    /// <param name="keep">How many may stay though nobody uses them.</param>
    public void Trim(long clock, int keep = MostIdle)
    {
        var loaded = _accounts.Loaded.Where(account => account.Id.Kind is AccountKind.Customer or AccountKind.Tag).ToList();
        foreach (var account in loaded.OrderBy(account => account.LastUsedAt).Take(loaded.Count - keep))
        {
            bool hasLeft;
            lock (Gate) hasLeft = account.TryLeave(clock);
            if (hasLeft) _accounts.Remove(account.Id);
        }
    }

    private async Task<Account?> LoadAsync(AccountId id)
    {
        var row = await _store.FindAsync(id, CancellationToken.None);
        return new Account(id, row?.ToTerms() ?? AccountTerms.None, row?.Spend ?? 0);
    }
}
