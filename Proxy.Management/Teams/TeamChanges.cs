using System.Data.Common;
using Proxy.Management.Access;
using Proxy.Management.Auditing;
using Proxy.Management.Callbacks;
using Proxy.Management.Errors;
using Proxy.Management.Keys;
using Proxy.Management.Users;

namespace Proxy.Management.Teams;

/// <summary>A changed team, or why it was not changed.</summary>
internal readonly record struct TeamChange(TeamRecord? Team, ProxyError? Error)
{
    /// <summary>Who is in it no more.</summary>
    public IReadOnlyList<GoneMember>? Gone { get; init; }

    /// <summary>It is in another organisation now.</summary>
    public bool IsMoved { get; init; }

    public static implicit operator TeamChange(ProxyError error) => new(null, error);
}

/// <summary>What is to become of a team.</summary>
/// <param name="Change">From the row to the one that shall be; it may run twice.</param>
internal sealed record TeamEdit(Func<TeamIdentity, TeamIdentity> Change)
{
    /// <summary>Where its calls are logged from now on; null leaves that as it is.</summary>
    public IReadOnlyList<TeamCallback>? Callbacks { get; init; }

    /// <summary>Whether it says who the members are.</summary>
    public bool StatesMembers { get; init; }

    /// <summary>Why the team, or none, may not be changed so; null when it may. Asked in the transaction, and it may run twice.</summary>
    public Func<TeamIdentity?, ProxyError?>? Check { get; init; }
}

/// <summary>Changes teams: in the database first, then in memory, then the answer, so that the very next request sees it.</summary>
internal sealed class TeamChanges(AuditedWriter queue, TeamStore store, TeamRing ring, TeamDeletion deletion, TeamDeparture departure, KeyRing keys, TimeProvider time)
{
    public Task<TeamChange> CreateAsync(TeamIdentity team, Caller caller, CancellationToken cancellationToken) => WriteAsync(
        (connection, transaction) =>
        {
            if (TeamRights.FindPlacing(caller, team) is { } refusal) return refusal;
            if (TeamStore.Exists(connection, transaction, team.TeamId)) return TeamErrors.Exists(team.TeamId);

            var record = new TeamRecord(TeamMemberList.WithUsers(team, email => UserRows.FindByEmail(connection, transaction, email)), Spend: 0);
            store.Insert(connection, transaction, record);
            return new TeamChange(record, null);
        },
        cancellationToken);

    /// <summary>Adds a callback. Where logging was disabled it begins anew with this one, so that nothing old comes back unasked.</summary>
    public Task<TeamChange> AddCallbackAsync(string teamId, TeamCallback callback, Caller caller, CancellationToken cancellationToken) => WriteAsync(
        (connection, transaction) =>
        {
            var old = store.Find(connection, transaction, teamId);
            if (TeamRights.FindLogging(caller, old?.Identity, TeamErrors.DoesNotExistForPost(teamId)) is { } refusal) return refusal;

            var existing = old!.Identity.IsLoggingDisabled ? [] : old.Identity.Callbacks;
            return existing.Any(callback.Repeats)
                ? TeamErrors.CallbackExists(teamId, callback)
                : SetCallbacks(connection, transaction, old, [.. existing, callback], isLoggingDisabled: false, caller.UserId);
        },
        cancellationToken);

    /// <summary>Takes one callback away; with the last one, calls are logged where the gateway says.</summary>
    /// <param name="choose">Finds the one among those that there are, or says why there is none.</param>
    public Task<TeamChange> RemoveCallbackAsync(
        string teamId, Func<IReadOnlyList<TeamCallback>, (TeamCallback? Callback, ProxyError? Error)> choose, Caller caller, CancellationToken cancellationToken) => WriteAsync(
        (connection, transaction) =>
        {
            var old = store.Find(connection, transaction, teamId);
            if (TeamRights.FindLogging(caller, old?.Identity, TeamErrors.DoesNotExist(teamId)) is { } refusal) return refusal;

            var (chosen, error) = choose(old!.Identity.Callbacks);
            if (error is not null) return error;

            TeamCallback[] left = [.. old.Identity.Callbacks.Where(other => !ReferenceEquals(other, chosen))];
            return SetCallbacks(connection, transaction, old, left, old.Identity.IsLoggingDisabled, caller.UserId);
        },
        cancellationToken);

    public Task<TeamChange> DisableLoggingAsync(string teamId, string? by, CancellationToken cancellationToken) => WriteAsync(
        (connection, transaction) =>
        {
            if (store.Find(connection, transaction, teamId) is not { } old) return TeamErrors.DoesNotExist(teamId);

            var record = old with { Identity = Touch(old.Identity, by) with { IsLoggingDisabled = true } };
            store.SetLoggingDisabled(connection, transaction, record);
            return new TeamChange(record, null);
        },
        cancellationToken);

    public Task<TeamChange> SetBlockedAsync(string teamId, bool isBlocked, Caller caller, CancellationToken cancellationToken) => WriteAsync(
        (connection, transaction) =>
        {
            var old = store.Find(connection, transaction, teamId);
            if (TeamRights.FindGoverning(caller, old?.Identity, teamId) is { } refusal) return refusal;
            if (old is null) return TeamErrors.DoesNotExist(teamId);

            var record = old with { Identity = Touch(old.Identity, caller.UserId) with { IsBlocked = isBlocked } };
            store.SetBlocked(connection, transaction, record);
            return new TeamChange(record, null);
        },
        cancellationToken);

    /// <summary>Whoever is no longer among the members leaves the team with all that goes with that.</summary>
    public async Task<TeamChange> UpdateAsync(string teamId, TeamEdit edit, CancellationToken cancellationToken)
    {
        var changed = await WriteAsync(
            (connection, transaction) =>
            {
                var old = store.Find(connection, transaction, teamId);
                if (edit.Check?.Invoke(old?.Identity) is { } refusal) return refusal;
                if (old is null) return TeamErrors.NotFound(teamId);

                var team = edit.Change(old.Identity);
                if (edit.StatesMembers) team = TeamMemberList.WithUsers(team, email => TeamMemberList.FindUser(old.Identity, email) ?? UserRows.FindByEmail(connection, transaction, email));
                var record = old with { Identity = edit.Callbacks is null ? team : team with { Callbacks = edit.Callbacks, IsLoggingDisabled = false } };
                store.Update(connection, transaction, old.Identity, record);
                if (edit.Callbacks is not null) store.SetCallbacks(connection, transaction, record);
                return new TeamChange(record, null)
                {
                    Gone = departure.Compare(connection, transaction, old.Identity, team),
                    IsMoved = team.OrganizationId != old.Identity.OrganizationId,
                };
            },
            cancellationToken);
        if (changed.Team is not null) await ring.RelinkAsync(teamId);
        if (changed.IsMoved) await keys.RelinkTeamAsync(teamId);
        return changed;
    }

    /// <summary>Deletes teams with their keys and with what their members may use: all that are named or none. What was spent stays in the book.</summary>
    /// <returns>Why none is; null when all are deleted.</returns>
    public async Task<ProxyError?> DeleteAsync(IReadOnlyList<string> teamIds, Caller caller, CancellationToken cancellationToken)
    {
        var deleted = await queue.WriteAsync<(ProxyError? Error, IReadOnlyList<GoneTeam> Teams)>(
            (connection, transaction) =>
            {
                var teams = teamIds.Select(id => (Id: id, store.Find(connection, transaction, id)?.Identity)).ToList();
                var refusal = teams.Select(team => TeamRights.FindGoverning(caller, team.Identity, team.Id)).FirstOrDefault(refused => refused is not null);
                if (refusal is not null) return (refusal, []);
                if (teams.Find(team => team.Identity is null) is { Id: { } missing }) return (TeamErrors.NotFoundPassed(missing), []);

                return (null, [.. teamIds.Select(id => deletion.Delete(connection, transaction, id))]);
            },
            result => deletion.Forget(result.Teams),
            cancellationToken);
        return deleted.Error;
    }

    private Task<TeamChange> WriteAsync(Func<DbConnection, AuditedTransaction, TeamChange> work, CancellationToken cancellationToken) =>
        queue.WriteAsync(
            work,
            change =>
            {
                if (change.Team is not null) ring.Change(change.Team.Identity);
                if (change.Gone is not null) departure.Forget(change.Gone);
            },
            cancellationToken);

    private TeamChange SetCallbacks(
        DbConnection connection, AuditedTransaction transaction, TeamRecord old, IReadOnlyList<TeamCallback> callbacks, bool isLoggingDisabled, string? by)
    {
        var record = old with { Identity = Touch(old.Identity, by) with { Callbacks = callbacks, IsLoggingDisabled = isLoggingDisabled } };
        store.SetCallbacks(connection, transaction, record);
        return new TeamChange(record, null);
    }

    private TeamIdentity Touch(TeamIdentity team, string? by) => team with { UpdatedAt = time.GetUtcNow(), UpdatedBy = by };
}
