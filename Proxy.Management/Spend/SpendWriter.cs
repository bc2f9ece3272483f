using System.Data.Common;
using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;
using Npgsql;
using Proxy.Management.Budgets;
using Proxy.Management.Keys;
using Proxy.Management.Resources;
using Proxy.Management.Storage;

namespace Proxy.Management.Spend;

/// <summary>Writes entries and sums what they add to each scope, so that each row is updated once in a group.</summary>
/// <remarks>Touched by the writer's thread only. Budget: under 10 µs of CPU for an entry, so the commands are prepared once and reused.</remarks>
internal sealed class SpendWriter(TimeProvider time) : IDeferredWrites, IDisposable
{
    private readonly Dictionary<KeyHash, long> _keys = [];
    private readonly Dictionary<string, long> _teams = [];
    private readonly Dictionary<AccountId, long> _accounts = [];
    private readonly DaySums _days = new();

    // The last one that rode in this group, who speaks for all of them.
    private ICommitRider? _rider;
    private DbConnection? _connection;
    private ISpendStatements? _statements;

    public void Write(WriteSession session, SpendEntry entry, long picos, Reservation? reservation, ICommitRider? rider)
    {
        Prepare(session.Connection);
        _statements!.Insert(entry, picos);
        _days.Add(entry, picos);
        if (entry.Resources.Count > 0) ResourceRows.Insert(session.Connection, session.Transaction, entry.Resources);
        if (entry.Settled is { } settled) ResourceRows.Settle(session.Connection, session.Transaction, settled);

        // Before it writes: one that fails half-way has something to forget.
        _rider = rider ?? _rider;
        rider?.Write(session.Connection, session.Transaction);

        if (picos == 0) return;
        if (entry.KeyHash is { } hash) Add(_keys, hash, picos);
        if (entry.TeamId is { } team) Add(_teams, team, picos);
        if (entry.OrganizationId is { } organization) Add(_accounts, new AccountId(AccountKind.Organization, organization), picos);
        if (entry.UserId is { } user) Add(_accounts, new AccountId(AccountKind.User, user), picos);
        if (entry is { TeamId: { } ownTeam, UserId: { } member }) Add(_accounts, AccountId.OfMember(ownTeam, member), picos);
        if (entry.EndUser is { } customer) Add(_accounts, new AccountId(AccountKind.Customer, customer), picos);
        foreach (var tag in entry.Tags) Add(_accounts, new AccountId(AccountKind.Tag, tag), picos);

        if (reservation is null && entry is { OrganizationId: { } owner, UserId: { } person }) Add(_accounts, AccountId.OfOrganizationMember(owner, person), picos);

        // What an entry does not say by itself: the accounts of single models, and of the whole; and a member of an organisation, as memory settles it.
        for (var i = 0; i < reservation?.Count; i++)
        {
            if (reservation[i].Id is { Kind: AccountKind.Proxy or AccountKind.KeyModel or AccountKind.TeamModel or AccountKind.OrganizationMember } id) Add(_accounts, id, picos);
        }
    }

    public void Flush(WriteSession session)
    {
        // A row that was deleted meanwhile is no fault: the entry itself stays in the book.
        foreach (var (hash, amount) in _keys) _statements!.AddToKey(hash, amount);
        foreach (var (team, amount) in _teams) _statements!.AddToTeam(team, amount);

        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        foreach (var (id, amount) in _accounts) _statements!.AddToAccount(id, amount, now);
        _days.Write(_statements!);
        _statements!.Flush(session.Transaction);
        _rider?.Flush(session.Connection, session.Transaction);
        _rider = null;
        Forget();
    }

    public void Forget()
    {
        _rider?.Forget();
        _rider = null;
        _keys.Clear();
        _teams.Clear();
        _accounts.Clear();
        _days.Clear();
        _statements?.Forget();
    }

    public void Dispose() => _statements?.Dispose();

    private static void Add<T>(Dictionary<T, long> sums, T key, long amount)
        where T : notnull
    {
        ref var sum = ref CollectionsMarshal.GetValueRefOrAddDefault(sums, key, out _);
        sum = checked(sum + amount);
    }

    private void Prepare(DbConnection connection)
    {
        if (ReferenceEquals(_connection, connection)) return;

        Dispose();
        _connection = connection;
        _statements = connection is SqliteConnection sqlite ? new SqliteSpend(sqlite) : new PostgresSpend((NpgsqlConnection)connection);
    }
}
