using Proxy.Management.Budgets;
using Proxy.Management.Storage;

namespace Proxy.Management.Teams;

/// <summary>The teams in memory, by id. A state stays, so that keys can hold on to it; a change replaces what it shows.</summary>
internal sealed class TeamRing
{
    private readonly StateCache<string, TeamState> _teams;
    private readonly TeamStore _store;
    private readonly AccountRing _accounts;
    private readonly BudgetResets _resets;

    public TeamRing(TeamStore store, AccountRing accounts, BudgetResets resets)
    {
        (_store, _accounts, _resets) = (store, accounts, resets);
        _teams = new StateCache<string, TeamState>(LoadAsync);
    }

    /// <returns>Null when there is no such team.</returns>
    public ValueTask<TeamState?> FindAsync(string teamId) => _teams.FindLoaded(teamId) is { } team
        ? new ValueTask<TeamState?>(team)
        : new ValueTask<TeamState?>(_teams.LoadAsync(teamId, missing: null));

    /// <returns>Null when none of the team's keys was used yet.</returns>
    public TeamState? FindLoaded(string teamId) => _teams.FindLoaded(teamId);

    /// <summary>The team was created or changed in a commit; the very next request sees it.</summary>
    public void Change(TeamIdentity identity) => _teams.Change(identity.TeamId, state =>
    {
        state.Replace(identity);
        lock (_accounts.Gate) state.Account.Apply(identity.Terms);
    });

    /// <summary>The team was deleted in a commit, and all its keys with it. Calls under way settle in what they hold, which no new team of this id goes on with.</summary>
    public void Remove(string teamId)
    {
        if (_teams.FindLoaded(teamId) is { } state)
        {
            lock (_accounts.Gate)
            {
                state.Account.Apply(AccountTerms.None);
                state.Account.SetSpend(0);
            }
        }

        _teams.Remove(teamId);
    }

    /// <summary>The spend of all teams was set to nothing, in a commit.</summary>
    public void ResetSpend() => _teams.ChangeAll(state =>
    {
        lock (_accounts.Gate) state.Account.SetSpend(0);
    });

    /// <summary>Brings what a team's calls are counted in to its latest row. Called after a change, before it is answered.</summary>
    public async Task RelinkAsync(string teamId)
    {
        if (_teams.FindLoaded(teamId) is not { } state) return;

        TeamIdentity identity;
        do identity = state.Current;
        while (!state.TryLink(identity, await LinkAsync(identity, state.Spend)));
    }

    /// <summary>Finds all that the team's calls are counted in, and keeps it in memory from now on.</summary>
    private async Task<TeamLinks> LinkAsync(TeamIdentity team, decimal spend)
    {
        var id = AccountId.OfTeam(team.TeamId);
        var models = await ModelAccounts.LoadAsync(_accounts, _resets, AccountKind.TeamModel, team.TeamId, ModelTerms.Read(team.ModelFields));
        var organization = team.OrganizationId is null
            ? null
            : await _accounts.FindAsync(new AccountId(AccountKind.Organization, team.OrganizationId));
        return new TeamLinks(_accounts.Hold(id, () => new Account(id, team.Terms, Money.ToPico(spend))), models, organization);
    }

    private async Task<TeamState?> LoadAsync(string teamId)
    {
        if (await _store.FindAsync(teamId, CancellationToken.None) is not var (identity, spend)) return null;

        var links = await LinkAsync(identity, spend);

        // The account may be left over from a team of this id that was deleted.
        lock (_accounts.Gate) links.Account.TakeOver(identity.Terms, Money.ToPico(spend));
        return new TeamState(identity, links);
    }
}
