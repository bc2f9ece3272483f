using System.Data.Common;
using Proxy.Management.Callbacks;
using Proxy.Management.Errors;
using Proxy.Management.Storage;

namespace Proxy.Management.Teams;

/// <summary>A changed team, or why it was not changed.</summary>
internal readonly record struct TeamChange(TeamRecord? Team, ProxyError? Error);

/// <summary>Changes teams: in the database first, then in memory, then the answer, so that the very next request sees it.</summary>
internal sealed class TeamChanges(CommitQueue queue, TeamStore store, TeamRing ring, TimeProvider time)
{
    public Task<TeamChange> CreateAsync(TeamIdentity team, CancellationToken cancellationToken) => WriteAsync(
        (connection, transaction) =>
        {
            if (TeamStore.Exists(connection, transaction, team.TeamId)) return new TeamChange(null, TeamErrors.Exists(team.TeamId));

            var record = new TeamRecord(team, Spend: 0);
            store.Insert(connection, transaction, record);
            return new TeamChange(record, null);
        },
        cancellationToken);

    /// <summary>Adds a callback. Where logging was disabled it begins anew with this one, so that nothing old comes back unasked.</summary>
    public Task<TeamChange> AddCallbackAsync(
        string teamId, TeamCallback callback, string? by, CancellationToken cancellationToken) => WriteAsync(
        (connection, transaction) =>
        {
            if (store.Find(connection, transaction, teamId) is not var (team, spend))
                return new TeamChange(null, TeamErrors.DoesNotExistForPost(teamId));

            var existing = team.IsLoggingDisabled ? [] : team.Callbacks;
            if (existing.Any(other => other.Name == callback.Name && other.Type == callback.Type))
                return new TeamChange(null, TeamErrors.CallbackExists(teamId, callback));

            var changed = Touch(team, by) with { Callbacks = [.. existing, callback], IsLoggingDisabled = false };
            var record = new TeamRecord(changed, spend);
            store.SetCallbacks(connection, transaction, record);
            return new TeamChange(record, null);
        },
        cancellationToken);

    public Task<TeamChange> DisableLoggingAsync(string teamId, string? by, CancellationToken cancellationToken) => UpdateAsync(
        teamId, team => Touch(team, by) with { IsLoggingDisabled = true }, store.SetLoggingDisabled, cancellationToken);

    public Task<TeamChange> SetBlockedAsync(string teamId, bool isBlocked, string? by, CancellationToken cancellationToken) => UpdateAsync(
        teamId, team => Touch(team, by) with { IsBlocked = isBlocked }, store.SetBlocked, cancellationToken);

    /// <param name="teamId">Which team.</param>
    /// <param name="change">From the row to the one that shall be; it may run twice.</param>
    /// <param name="callbacks">Where its calls are logged from now on; null leaves that as it is.</param>
    public async Task<TeamChange> UpdateAsync(
        string teamId, Func<TeamIdentity, TeamIdentity> change, IReadOnlyList<TeamCallback>? callbacks, CancellationToken cancellationToken)
    {
        var changed = await UpdateAsync(
            teamId,
            team => callbacks is null ? change(team) : change(team) with { Callbacks = callbacks, IsLoggingDisabled = false },
            (connection, transaction, team) =>
            {
                store.Update(connection, transaction, team);
                if (callbacks is not null) store.SetCallbacks(connection, transaction, team);
            },
            cancellationToken);
        if (changed.Team is not null) await ring.RelinkAsync(teamId);
        return changed.Error is null ? changed : new TeamChange(null, TeamErrors.NotFound(teamId));
    }

    private Task<TeamChange> UpdateAsync(
        string teamId,
        Func<TeamIdentity, TeamIdentity> change,
        Action<DbConnection, DbTransaction, TeamRecord> write,
        CancellationToken cancellationToken) => WriteAsync(
        (connection, transaction) =>
        {
            if (store.Find(connection, transaction, teamId) is not var (team, spend))
                return new TeamChange(null, TeamErrors.DoesNotExist(teamId));

            var record = new TeamRecord(change(team), spend);
            write(connection, transaction, record);
            return new TeamChange(record, null);
        },
        cancellationToken);

    private Task<TeamChange> WriteAsync(Func<DbConnection, DbTransaction, TeamChange> work, CancellationToken cancellationToken) =>
        queue.WriteAsync(
            work,
            change =>
            {
                if (change.Team is not null) ring.Change(change.Team.Identity);
            },
            cancellationToken);

    private TeamIdentity Touch(TeamIdentity team, string? by) => team with { UpdatedAt = time.GetUtcNow(), UpdatedBy = by };
}
