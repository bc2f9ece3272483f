using Proxy.Management.Storage;

namespace Proxy.Management.Teams;

/// <summary>The teams in memory, by id. A state stays, so that keys can hold on to it; a change replaces what it shows.</summary>
internal sealed class TeamRing
{
    private readonly StateCache<string, TeamState> _teams;
    private readonly TeamStore _store;

    public TeamRing(TeamStore store)
    {
        _store = store;
        _teams = new StateCache<string, TeamState>(LoadAsync);
    }

    /// <returns>Null when there is no such team.</returns>
    public ValueTask<TeamState?> FindAsync(string teamId) => _teams.FindLoaded(teamId) is { } team
        ? new ValueTask<TeamState?>(team)
        : new ValueTask<TeamState?>(_teams.LoadAsync(teamId, missing: null));

    /// <returns>Null when none of the team's keys was used yet.</returns>
    public TeamState? FindLoaded(string teamId) => _teams.FindLoaded(teamId);

    /// <summary>The team was created or changed in a commit; the very next request sees it.</summary>
    public void Change(TeamIdentity identity) => _teams.Change(identity.TeamId, state => state.Replace(identity));

    private async Task<TeamState?> LoadAsync(string teamId) =>
        await _store.FindAsync(teamId, CancellationToken.None) is var (identity, spend) ? new TeamState(identity, spend) : null;
}
