namespace Proxy.Management.Budgets;

/// <summary>The accounts that a key or a team has for single models.</summary>
internal sealed class ModelAccounts
{
    public static readonly ModelAccounts None = new([]);

    private readonly Dictionary<string, Account> _accounts;

    public ModelAccounts(Dictionary<string, Account> accounts) => _accounts = accounts;

    /// <summary>Adds those of a model, whichever of its names they are stated for.</summary>
    public void AddTo(Reservation reservation, IReadOnlyList<string> names)
    {
        if (_accounts.Count == 0) return;

        for (var i = 0; i < names.Count; i++) reservation.Add(_accounts.GetValueOrDefault(names[i]));
    }

    public IEnumerable<Account> Of(IReadOnlyList<string> names) => names.Select(name => _accounts.GetValueOrDefault(name)).OfType<Account>();

    /// <summary>Brings the accounts to what the fields of their owner state.</summary>
    public static async Task<ModelAccounts> LoadAsync(
        AccountRing ring, BudgetResets resets, AccountKind kind, string ownerId, Dictionary<string, AccountTerms> stated)
    {
        if (stated.Count == 0) return None;

        var accounts = new Dictionary<string, Account>(StringComparer.Ordinal);
        foreach (var (model, terms) in stated)
        {
            var account = await ring.FindAsync(AccountId.OfModel(kind, ownerId, model));
            var resetAt = account.ResetAt ?? resets.NextReset(terms.BudgetDuration);
            if (resetAt != account.ResetAt) resets.Schedule(account.Id, resetAt);
            lock (ring.Gate) account.Apply(terms with { BudgetResetAt = terms.BudgetDuration is null ? null : resetAt });
            accounts[model] = account;
        }

        return new ModelAccounts(accounts);
    }
}
