using Proxy.Management.Budgets;
using Proxy.Management.Storage;
using Proxy.Management.Teams;

namespace Proxy.Management.Keys;

/// <summary>The keys in memory, by their lasting hash. A key stays for as long as its row.</summary>
/// <remarks>A change replaces what a state shows and leaves its spend alone, so no spend that is on its way to the database is lost from
/// memory or counted twice. That holds for a new secret too: calls under way go by the lasting hash, whatever secret they came with.</remarks>
internal sealed class KeyRing
{
    private readonly StateCache<KeyHash, KeyState> _keys;
    private readonly StateCache<KeyHash, KeySecret> _secrets;
    private readonly UnknownKeys _unknown;
    private readonly KeyStore _store;
    private readonly TeamRing _teams;
    private readonly AccountRing _accounts;
    private readonly BudgetResets _resets;
    private readonly TimeProvider _time;

    public KeyRing(KeyStore store, KeySecrets secrets, TeamRing teams, AccountRing accounts, BudgetResets resets, TimeProvider time)
    {
        (_store, _teams, _accounts, _resets, _time) = (store, teams, accounts, resets, time);
        _keys = new StateCache<KeyHash, KeyState>(LoadAsync);
        _secrets = new StateCache<KeyHash, KeySecret>(secrets.FindAsync);
        _unknown = new UnknownKeys(time);
    }

    /// <summary>The key that a secret opens. One that was seen before is found at once, one that was not by a look-up, and an unknown one is remembered for a while.</summary>
    /// <returns>Null when the secret opens nothing.</returns>
    public ValueTask<KeyState?> FindAsync(in KeyHash secret)
    {
        // Nearly every key has its first secret, whose hash is the key's own.
        if (_keys.FindLoaded(secret) is { } key && key.Current.Secret == secret) return new ValueTask<KeyState?>(key);
        if (_secrets.FindLoaded(secret) is { } link) return FindAsync(secret, link);

        return _unknown.Contains(secret) ? default : new ValueTask<KeyState?>(FindColdAsync(secret));
    }

    /// <param name="hash">The lasting hash.</param>
    /// <returns>Null when the key was not used yet.</returns>
    public KeyState? FindLoaded(in KeyHash hash) => _keys.FindLoaded(hash);

    /// <summary>The key was created or changed in a commit; the very next request sees it.</summary>
    /// <param name="identity">The key as it is now.</param>
    /// <param name="secrets">Its secrets, if those have changed.</param>
    public void Change(KeyIdentity identity, IReadOnlyList<KeyHash> secrets)
    {
        _keys.Change(identity.Hash, state => Show(state, identity));
        ForgetSecret(identity.Hash);
        foreach (var secret in secrets) ForgetSecret(secret);
    }

    /// <summary>A budget was changed in a commit, or deleted: all keys that have part in it go by it from the very next request on.</summary>
    /// <param name="budgetId">Which budget.</param>
    /// <param name="budget">As it is now; null when it is gone.</param>
    /// <param name="resetAt">The new end of the period of those that have the budget's, when that has changed.</param>
    public void ChangeBudget(string budgetId, SharedBudget? budget, DateTimeOffset? resetAt) => _keys.ChangeAll(state =>
    {
        var key = state.Current;
        if (key.BudgetId != budgetId) return;

        var takesPeriod = resetAt is not null && key.Limits.BudgetDuration is null;
        Show(state, key with { Budget = budget, Limits = takesPeriod ? key.Limits with { BudgetResetAt = resetAt } : key.Limits });
    });

    /// <summary>The spend was set by hand, in a commit.</summary>
    public void SetSpend(in KeyHash hash, decimal spend)
    {
        if (_keys.FindLoaded(hash) is not { } key) return;
        lock (_accounts.Gate) key.Account.SetSpend(Money.ToPico(spend));
    }

    /// <summary>The spend of all keys was set to nothing, in a commit.</summary>
    public void ResetSpend()
    {
        _keys.ChangeAll(state =>
        {
            lock (_accounts.Gate) state.Account.SetSpend(0);
        });
    }

    /// <summary>Brings what a key's calls are counted in to its latest row. Called after a change, before it is answered.</summary>
    public async Task RelinkAsync(KeyHash hash)
    {
        if (_keys.FindLoaded(hash) is not { } state) return;

        KeyIdentity identity;
        do identity = state.Current;
        while (!state.TryLink(identity, await LinkAsync(identity, state.Spend)));
    }

    /// <summary>As the other, for all keys in memory that have part in a budget.</summary>
    public async Task RelinkBudgetAsync(string budgetId)
    {
        foreach (var state in _keys.Loaded.Where(state => state.Current.BudgetId == budgetId)) await RelinkAsync(state.Current.Hash);
    }

    /// <summary>As the other, for all keys in memory that are in a team.</summary>
    public async Task RelinkTeamAsync(string teamId)
    {
        foreach (var state in _keys.Loaded.Where(state => state.Current.TeamId == teamId)) await RelinkAsync(state.Current.Hash);
    }

    /// <summary>The key was deleted in a commit.</summary>
    public void Remove(in KeyHash hash, IReadOnlyList<KeyHash> secrets)
    {
        _keys.Remove(hash);
        ForgetSecret(hash);
        foreach (var secret in secrets) ForgetSecret(secret);
    }

    private void Show(KeyState state, KeyIdentity identity)
    {
        state.Replace(identity);
        lock (_accounts.Gate) state.Account.Apply(identity.Terms);
    }

    private void ForgetSecret(KeyHash secret)
    {
        _secrets.Remove(secret);
        _unknown.Forget(secret);
    }

    private ValueTask<KeyState?> FindAsync(in KeyHash secret, KeySecret link) => _keys.FindLoaded(link.KeyHash) is { } key
        ? new ValueTask<KeyState?>(link.Opens(key.Current, secret, _time.GetUtcNow()) ? key : null)
        : new ValueTask<KeyState?>(OpenAsync(secret, link));

    private async Task<KeyState?> FindColdAsync(KeyHash secret)
    {
        if (await _keys.LoadAsync(secret, missing: null) is { } key && key.Current.Secret == secret) return key;

        // It may be a later secret of a key, or a former one; or the row came into being just now.
        return await _secrets.LoadAsync(secret, _unknown.Add) is { } link ? await OpenAsync(secret, link) : null;
    }

    private async Task<KeyState?> OpenAsync(KeyHash secret, KeySecret link) =>
        await _keys.LoadAsync(link.KeyHash, missing: null) is { } key && link.Opens(key.Current, secret, _time.GetUtcNow()) ? key : null;

    /// <summary>Finds all that the key's calls are counted in, and keeps it in memory from now on.</summary>
    private async Task<KeyLinks> LinkAsync(KeyIdentity key, decimal spend)
    {
        var id = AccountId.Of(key.Hash);
        var team = key.TeamId is null ? null : await _teams.FindAsync(key.TeamId);
        var models = await ModelAccounts.LoadAsync(_accounts, _resets, AccountKind.KeyModel, id.Id, ModelTerms.Read(key.Details, key.Budget?.Details));
        var user = key.UserId is null ? null : await _accounts.FindAsync(new AccountId(AccountKind.User, key.UserId));
        var member = key.TeamId is null || key.UserId is null ? null : await _accounts.FindAsync(AccountId.OfMember(key.TeamId, key.UserId));
        var organization = key.OrganizationId is null ? null : await _accounts.FindAsync(new AccountId(AccountKind.Organization, key.OrganizationId));
        var organizationId = key.OrganizationId ?? team?.Current.OrganizationId;
        var inOrganization = organizationId is null || key.UserId is null ? null : await _accounts.FindAsync(AccountId.OfOrganizationMember(organizationId, key.UserId));
        var account = _accounts.Hold(id, () => new Account(id, key.Terms, Money.ToPico(spend)));
        if (member is not null)
        {
            lock (_accounts.Gate) member.Usual = team?.MemberTerms;
        }

        return new KeyLinks(account, models, team, user, member, organization) { OrganizationMember = inOrganization };
    }

    private async Task<KeyState?> LoadAsync(KeyHash hash)
    {
        if (await _store.FindAsync(hash, CancellationToken.None) is not var (identity, spend)) return null;

        var links = await LinkAsync(identity, spend);

        // The account may be left over from a key of this hash that was deleted, or from a reading that a change overtook.
        lock (_accounts.Gate) links.Account.TakeOver(identity.Terms, Money.ToPico(spend));
        return new KeyState(identity, links);
    }
}
