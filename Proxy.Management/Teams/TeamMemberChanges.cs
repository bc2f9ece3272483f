using System.Data.Common;
using Proxy.Management.Auditing;
using Proxy.Management.Budgets;
using Proxy.Management.Errors;
using Proxy.Management.Users;

namespace Proxy.Management.Teams;

/// <summary>A team whose members have changed, or why they have not.</summary>
/// <param name="Team">The team as it is now.</param>
/// <param name="Users">The rows of those who were added.</param>
/// <param name="Memberships">What each may use of the team.</param>
/// <param name="Error">Why nothing was changed.</param>
internal sealed record MemberChange(TeamRecord? Team, IReadOnlyList<AccountRow> Users, IReadOnlyList<AccountRow> Memberships, ProxyError? Error)
{
    /// <summary>Who was taken out, and was a user.</summary>
    public GoneMember? Gone { get; init; }

    public static implicit operator MemberChange(ProxyError error) => new(null, [], [], error);
}

/// <summary>Who asks for a change of members, and whether they may: asked in the transaction, of the team as it is then.</summary>
internal sealed record MemberEdit(string TeamId, Func<TeamIdentity?, ProxyError?> Check, string? By);

/// <summary>Changes the members of teams: the team, the users and what they may use of it in one transaction, then memory.</summary>
internal sealed class TeamMemberChanges(
    AuditedWriter queue, TeamStore store, TeamRing ring, AccountChanges accounts, TeamDeparture departure, BudgetCalendar calendar, TimeProvider time)
{
    /// <summary>Adds all or none. Whoever is no user yet becomes one.</summary>
    /// <param name="terms">What each may use of the team, put into their row. It may run twice.</param>
    public Task<MemberChange> AddAsync(
        MemberEdit edit, IReadOnlyList<TeamMember> members, Func<AccountRow, AccountRow> terms, CancellationToken cancellationToken) => WriteAsync(
        edit,
        (connection, transaction, team) =>
        {
            // A refusal takes nothing back that was written, so all is asked before anything is.
            var added = new List<TeamMember>();
            foreach (var member in members)
            {
                var id = member.UserId ?? UserRows.FindByEmail(connection, transaction, member.Email!) ?? Guid.NewGuid().ToString();
                if (team.Identity.Members.Has(id) || added.Exists(other => other.UserId == id)) return TeamErrors.AlreadyMember(edit.TeamId, id);

                added.Add(member with { UserId = id });
            }

            var users = added.Select(member => UserRows.Ensure(connection, transaction, member.UserId!, member.Email, calendar, time.GetUtcNow(), edit.By)).ToList();
            var memberships = added.Select(member => SaveTerms(connection, transaction, edit, member.UserId!, terms)).ToList();
            return Save(connection, transaction, team, TeamMemberList.With(team.Identity, added), edit) with
            {
                Users = [.. users.Where(user => user.IsNew).Select(user => user.Row)],
                Memberships = memberships,
            };
        },
        cancellationToken);

    /// <param name="role">Null leaves the role as it is.</param>
    public Task<MemberChange> UpdateAsync(
        MemberEdit edit, string? userId, string? email, string? role, Func<AccountRow, AccountRow> terms, CancellationToken cancellationToken) => WriteAsync(
        edit,
        (connection, transaction, team) =>
        {
            var user = userId ?? TeamMemberList.FindUser(team.Identity, email);
            if (user is null || !team.Identity.Members.Has(user)) return TeamErrors.NotAMember(user ?? email!);

            var membership = SaveTerms(connection, transaction, edit, user, terms);
            var changed = role is null ? new MemberChange(team, [], [], null) : Save(connection, transaction, team, TeamMemberList.WithRole(team.Identity, user, role), edit);
            return changed with { Memberships = [membership] };
        },
        cancellationToken);

    /// <summary>Takes a member out. Their keys of the team go with them: else they could call on in its name.</summary>
    public Task<MemberChange> RemoveAsync(MemberEdit edit, string? userId, string? email, CancellationToken cancellationToken) => WriteAsync(
        edit,
        (connection, transaction, team) =>
        {
            if (!TeamMemberList.Has(team.Identity, userId, email)) return TeamErrors.UserNotInTeam;

            var user = userId ?? TeamMemberList.FindUser(team.Identity, email);
            var changed = Save(connection, transaction, team, TeamMemberList.Without(team.Identity, user, email), edit);
            return user is null ? changed : changed with { Gone = departure.Leave(connection, transaction, edit.TeamId, user) };
        },
        cancellationToken);

    private AccountRow SaveTerms(DbConnection connection, AuditedTransaction transaction, MemberEdit edit, string userId, Func<AccountRow, AccountRow> terms)
    {
        var id = AccountId.OfMember(edit.TeamId, userId);
        return accounts.Save(connection, transaction, id, row => new(terms(row ?? AccountRequest.New(id, time.GetUtcNow(), edit.By)), null)).Row!;
    }

    private MemberChange Save(DbConnection connection, AuditedTransaction transaction, TeamRecord old, TeamIdentity team, MemberEdit edit)
    {
        var record = old with { Identity = team with { UpdatedAt = time.GetUtcNow(), UpdatedBy = edit.By } };
        store.Update(connection, transaction, old.Identity, record);
        return new MemberChange(record, [], [], null);
    }

    private Task<MemberChange> WriteAsync(
        MemberEdit edit, Func<DbConnection, AuditedTransaction, TeamRecord, MemberChange> work, CancellationToken cancellationToken) => queue.WriteAsync(
        (connection, transaction) =>
        {
            var team = store.Find(connection, transaction, edit.TeamId);
            if (edit.Check(team?.Identity) is { } refusal) return refusal;
            return team is null ? TeamErrors.NotFound(edit.TeamId) : work(connection, transaction, team);
        },
        change =>
        {
            if (change.Team is null) return;

            ring.Change(change.Team.Identity);
            foreach (var row in change.Users.Concat(change.Memberships)) accounts.Tell(row);
            if (change.Gone is not null) departure.Forget([change.Gone]);
        },
        cancellationToken);
}
