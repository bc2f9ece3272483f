using Proxy.Management.Budgets;

namespace Proxy.Management.Teams;

/// <summary>A team while the program runs. There is one per team, so that its keys can hold on to it.</summary>
public sealed class TeamState
{
    private volatile Snapshot _snapshot;

    internal TeamState(TeamIdentity identity, TeamLinks links)
    {
        _snapshot = new Snapshot(identity, links);
        MemberTerms.Terms = identity.MemberTerms;
    }

    /// <summary>The row as of the latest change.</summary>
    public TeamIdentity Current => _snapshot.Identity;

    public decimal Spend => Account.Spend;

    /// <returns>Null when the team has no budget.</returns>
    public BudgetStanding? StandingAt(DateTimeOffset now) => BudgetStanding.Of(Account, now);

    internal Account Account => _snapshot.Links.Account;

    internal Account? Organization => _snapshot.Links.Organization;

    /// <summary>What each member may use who has no terms of their own.</summary>
    internal UsualTerms MemberTerms { get; } = new();

    internal void Replace(TeamIdentity identity)
    {
        _snapshot = _snapshot with { Identity = identity };
        MemberTerms.Terms = identity.MemberTerms;
    }

    /// <returns>False when the row has changed since the links were made.</returns>
    internal bool TryLink(TeamIdentity identity, TeamLinks links)
    {
        var old = _snapshot;
        return ReferenceEquals(old.Identity, identity)
            && ReferenceEquals(Interlocked.CompareExchange(ref _snapshot, new Snapshot(identity, links), old), old);
    }

    internal IEnumerable<Account> ModelAccounts(IReadOnlyList<string> models) => _snapshot.Links.Models.Of(models);

    internal void AddAccounts(Reservation reservation, IReadOnlyList<string> models)
    {
        var links = _snapshot.Links;
        reservation.Add(links.Account);
        links.Models.AddTo(reservation, models);
    }

    private sealed record Snapshot(TeamIdentity Identity, TeamLinks Links);
}

/// <summary>What a team's calls are counted in.</summary>
internal sealed record TeamLinks(Account Account, ModelAccounts Models, Account? Organization);
