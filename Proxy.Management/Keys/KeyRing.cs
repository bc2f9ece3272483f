using System.Collections.Concurrent;
using Proxy.Management.Budgets;
using Proxy.Management.Storage;
using Proxy.Management.Teams;

namespace Proxy.Management.Keys;

/// <summary>The keys in memory, by the hash of the whole key. A cold key costs one look-up; an unknown one is remembered for a while.</summary>
/// <remarks>A state stays for as long as its row: a change replaces what it shows and leaves its spend alone, so no spend that is on its
/// way to the database is lost from memory or counted twice.</remarks>
internal sealed class KeyRing
{
    private const int MaxUnknown = 10_000;
    private static readonly TimeSpan UnknownFor = TimeSpan.FromSeconds(10);

    private readonly StateCache<KeyHash, KeyState> _keys;
    private readonly ConcurrentDictionary<KeyHash, long> _unknown = new();
    private readonly KeyStore _store;
    private readonly TeamRing _teams;
    private readonly AccountRing _accounts;
    private readonly BudgetResets _resets;
    private readonly TimeProvider _time;

    public KeyRing(KeyStore store, TeamRing teams, AccountRing accounts, BudgetResets resets, TimeProvider time)
    {
        (_store, _teams, _accounts, _resets, _time) = (store, teams, accounts, resets, time);
        _keys = new StateCache<KeyHash, KeyState>(LoadAsync);
    }

    /// <returns>Null when nobody knows the key.</returns>
    public ValueTask<KeyState?> FindAsync(in KeyHash hash)
    {
        if (_keys.FindLoaded(hash) is { } key) return new ValueTask<KeyState?>(key);

        return IsKnownAsUnknown(hash) ? default : new ValueTask<KeyState?>(_keys.LoadAsync(hash, RememberUnknown));
    }

    /// <returns>Null when the key was not used yet.</returns>
    public KeyState? FindLoaded(in KeyHash hash) => _keys.FindLoaded(hash);

    /// <summary>The key was created or changed in a commit; the very next request sees it.</summary>
    public void Change(KeyIdentity identity) => _keys.Change(
        identity.Hash,
        state =>
        {
            state.Replace(identity);
            lock (_accounts.Gate) state.Account.Apply(identity.Terms);
        },
        Forget);

    /// <summary>The spend was set by hand, in a commit.</summary>
    public void SetSpend(in KeyHash hash, decimal spend)
    {
        if (_keys.FindLoaded(hash) is not { } key) return;
        lock (_accounts.Gate) key.Account.SetSpend(Money.ToPico(spend));
    }

    /// <summary>Brings what a key's calls are counted in to its latest row. Called after a change, before it is answered.</summary>
    public async Task RelinkAsync(KeyHash hash)
    {
        if (_keys.FindLoaded(hash) is not { } state) return;

        KeyIdentity identity;
        do identity = state.Current;
        while (!state.TryLink(identity, await LinkAsync(identity, state.Spend)));
    }

    /// <summary>Finds all that the key's calls are counted in, and keeps it in memory from now on.</summary>
    private async Task<KeyLinks> LinkAsync(KeyIdentity key, decimal spend)
    {
        var id = AccountId.Of(key.Hash);
        var team = key.TeamId is null ? null : await _teams.FindAsync(key.TeamId);
        var models = await ModelAccounts.LoadAsync(_accounts, _resets, AccountKind.KeyModel, id.Id, key.Details);
        var user = key.UserId is null ? null : await _accounts.FindAsync(new AccountId(AccountKind.User, key.UserId));
        var member = key.TeamId is null || key.UserId is null ? null : await _accounts.FindAsync(AccountId.OfMember(key.TeamId, key.UserId));
        var organization = key.OrganizationId is null ? null : await _accounts.FindAsync(new AccountId(AccountKind.Organization, key.OrganizationId));
        var account = _accounts.Hold(id, () => new Account(id, key.Terms, Money.ToPico(spend)));
        if (member is not null)
        {
            lock (_accounts.Gate) member.Usual = team?.MemberTerms;
        }

        return new KeyLinks(account, models, team, user, member, organization);
    }

    /// <summary>The key was deleted in a commit.</summary>
    public void Remove(in KeyHash hash) => _keys.Remove(hash);

    private async Task<KeyState?> LoadAsync(KeyHash hash)
    {
        if (await _store.FindAsync(hash, CancellationToken.None) is not var (identity, spend)) return null;

        return new KeyState(identity, await LinkAsync(identity, spend));
    }

    private bool IsKnownAsUnknown(in KeyHash hash)
    {
        if (!_unknown.TryGetValue(hash, out var since)) return false;
        if (_time.GetElapsedTime(since) < UnknownFor) return true;

        Forget(hash);
        return false;
    }

    private void RememberUnknown(KeyHash hash)
    {
        if (_unknown.Count >= MaxUnknown) _unknown.Clear();
        _unknown[hash] = _time.GetTimestamp();
    }

    private void Forget(KeyHash hash) => _unknown.TryRemove(hash, out _);
}
