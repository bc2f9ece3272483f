using Proxy.Management.Access;
using Proxy.Management.Budgets;
using Proxy.Management.Teams;

namespace Proxy.Management.Keys;

/// <summary>A key while the program runs. There is one per key; it shows the latest row and leads to all that its calls are counted in.</summary>
public sealed class KeyState
{
    private volatile Snapshot _snapshot;

    internal KeyState(KeyIdentity identity, KeyLinks links)
    {
        _snapshot = new Snapshot(identity, links);
        Caller = new Caller(this);
    }

    /// <summary>The row as of the latest change.</summary>
    public KeyIdentity Current => _snapshot.Identity;

    public TeamState? Team => _snapshot.Links.Team;

    public decimal Spend => Account.Spend;

    /// <returns>Null when the key has no budget of its own.</returns>
    public BudgetStanding? StandingAt(DateTimeOffset now) => BudgetStanding.Of(Account, now);

    internal Account Account => _snapshot.Links.Account;

    internal Account? User => _snapshot.Links.User;

    internal Account? Organization => _snapshot.Links.Organization ?? Team?.Organization;

    /// <summary>The caller that presents this key; made once, so that a warm key allocates nothing.</summary>
    internal Caller Caller { get; }

    internal void Replace(KeyIdentity identity) => _snapshot = _snapshot with { Identity = identity };

    /// <returns>False when the row has changed since the links were made.</returns>
    internal bool TryLink(KeyIdentity identity, KeyLinks links)
    {
        var old = _snapshot;
        return ReferenceEquals(old.Identity, identity)
            && ReferenceEquals(Interlocked.CompareExchange(ref _snapshot, new Snapshot(identity, links), old), old);
    }

    /// <summary>Every scope that a call of this key is counted in.</summary>
    /// <param name="reservation">Where they are added.</param>
    /// <param name="models">Every name of the model.</param>
    internal void AddAccounts(Reservation reservation, IReadOnlyList<string> models)
    {
        var links = _snapshot.Links;
        reservation.Add(links.Account);
        links.Models.AddTo(reservation, models);
        reservation.Add(links.User);
        reservation.Add(links.Member);
        links.Team?.AddAccounts(reservation, models);
        reservation.Add(links.Organization ?? links.Team?.Organization);
        reservation.Add(links.OrganizationMember);
    }

    /// <summary>The scopes that a call is counted in for its model alone.</summary>
    internal IEnumerable<Account> ModelAccounts(IReadOnlyList<string> models)
    {
        var links = _snapshot.Links;
        return links.Models.Of(models).Concat(links.Team?.ModelAccounts(models) ?? []);
    }

    private sealed record Snapshot(KeyIdentity Identity, KeyLinks Links);
}

/// <summary>What a key's calls are counted in.</summary>
internal sealed record KeyLinks(
    Account Account, ModelAccounts Models, TeamState? Team, Account? User, Account? Member, Account? Organization)
{
    /// <summary>What the user may use of the organisation that the calls are counted in.</summary>
    public Account? OrganizationMember { get; init; }
}
