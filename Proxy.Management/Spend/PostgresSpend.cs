using System.Data.Common;
using Npgsql;
using Proxy.Management.Budgets;
using Proxy.Management.Keys;

namespace Proxy.Management.Spend;

/// <summary>On PostgreSQL the whole group goes to the server at once: a statement per table, with a list per column.</summary>
internal sealed class PostgresSpend(NpgsqlConnection connection) : ISpendStatements
{
    private const string InsertUnsummedSql = "insert into spend_unsummed (id, calls) values ($1, $2)";
    private const string DeleteUnsummedSql = "delete from spend_unsummed where id > $1";

    private const string AddToKeySql = """
        update api_key k
        set spend = k.spend + x.spend
        from unnest($1, $2) as x(key_hash, spend)
        where k.key_hash = x.key_hash
        """;

    private const string AddToTeamSql = """
        update team t
        set spend = t.spend + x.spend
        from unnest($1, $2) as x(team_id, spend)
        where t.team_id = x.team_id
        """;

    private const string AddToAccountSql = """
        insert into account as a (kind, id, details, is_blocked, spend, created_at, updated_at)
        select kind, id, '{}', 0, spend, now, now
        from unnest($1, $2, $3, $4) as x(kind, id, spend, now)
        on conflict (kind, id) do update set spend = a.spend + excluded.spend
        """;

    private readonly PostgresSpendColumns _entries = new();
    private readonly PostgresDays _days = new();
    private readonly List<(byte[] Hash, long Picos)> _keys = [];
    private readonly List<(string Id, long Picos)> _teams = [];
    private readonly List<(AccountId Id, long Picos, long Now)> _accounts = [];

    private (long Row, byte[] Calls)? _unsummed;
    private long? _summed;

    public void Insert(SpendEntry entry, long picos) => _entries.Add(entry, picos);

    public void InsertUnsummed(long row, byte[] calls) => _unsummed = (row, calls);

    public void DeleteUnsummed(long after) => _summed = after;

    public void AddToKey(in KeyHash hash, long picos) => _keys.Add((hash.ToArray(), picos));

    public void AddToTeam(string teamId, long picos) => _teams.Add((PostgresSpendColumns.Clean(teamId), picos));

    public void AddToAccount(AccountId id, long picos, long now) =>
        _accounts.Add((id with { Id = PostgresSpendColumns.Clean(id.Id) }, picos, now));

    public void AddToDay(in SpendDay day, in DaySum sum) => _days.Add(day, sum);

    public void AddToDay(in AccountDay day, in DaySum sum) => _days.Add(day, sum);

    public void Flush(DbTransaction transaction)
    {
        using var batch = new NpgsqlBatch(connection, (NpgsqlTransaction)transaction);
        if (_entries.Count > 0) batch.BatchCommands.Add(_entries.ToCommand());
        if (_unsummed is { } unsummed) Add(batch, InsertUnsummedSql, unsummed.Row, unsummed.Calls);
        if (_keys.Count > 0) Add(batch, AddToKeySql, _keys.Select(key => key.Hash).ToArray(), _keys.Select(key => key.Picos).ToArray());
        if (_teams.Count > 0) Add(batch, AddToTeamSql, _teams.Select(team => team.Id).ToArray(), _teams.Select(team => team.Picos).ToArray());
        if (_accounts.Count > 0)
        {
            // Two names may be one once they are cleaned, and a row cannot be met twice by one statement.
            var sums = _accounts.GroupBy(account => account.Id).Select(same => (Id: same.Key, Picos: same.Sum(one => one.Picos), same.First().Now)).ToList();
            Add(
                batch, AddToAccountSql, sums.Select(sum => sum.Id.Scope).ToArray(), sums.Select(sum => sum.Id.Id).ToArray(),
                sums.Select(sum => sum.Picos).ToArray(), sums.Select(sum => sum.Now).ToArray());
        }

        _days.AddTo(batch);
        if (_summed is { } after) Add(batch, DeleteUnsummedSql, after);
        if (batch.BatchCommands.Count > 0) batch.ExecuteNonQuery();
        Forget();
    }

    public void Forget()
    {
        _entries.Clear();
        _keys.Clear();
        _teams.Clear();
        _accounts.Clear();
        _days.Clear();
        (_unsummed, _summed) = (null, null);
    }

    public void Dispose()
    {
        // The statements are the connection's.
    }

    internal static void Add(NpgsqlBatch batch, string sql, params object[] columns)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var column in columns) command.Parameters.Add(new NpgsqlParameter { Value = column });
        batch.BatchCommands.Add(command);
    }
}
