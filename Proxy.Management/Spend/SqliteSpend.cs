using System.Data.Common;
using Microsoft.Data.Sqlite;
using Proxy.Management.Budgets;
using Proxy.Management.Keys;
using Proxy.Management.Storage.Sqlite;

namespace Proxy.Management.Spend;

/// <summary>On SQLite a statement costs no way to a server, so each runs at once.</summary>
internal sealed class SqliteSpend(SqliteConnection connection) : ISpendStatements
{
    private const string InsertUnsummedSql = "insert into spend_unsummed (id, calls) values (?1, ?2)";
    private const string DeleteUnsummedSql = "delete from spend_unsummed where id > ?1";

    private const string AddToKeySql = """
        update api_key
        set spend = spend + ?1
        where key_hash = ?2
        """;

    private const string AddToTeamSql = """
        update team
        set spend = spend + ?1
        where team_id = ?2
        """;

    private const string AddToAccountSql = """
        insert into account (kind, id, details, is_blocked, spend, created_at, updated_at)
        values (?1, ?2, '{}', 0, ?3, ?4, ?4)
        on conflict (kind, id) do update set spend = spend + excluded.spend
        """;

    private readonly SpendInsert _insert = new(connection);
    private readonly SqliteStatement _insertUnsummed = new(connection, InsertUnsummedSql);
    private readonly SqliteStatement _deleteUnsummed = new(connection, DeleteUnsummedSql);
    private readonly SqliteStatement _addToKey = new(connection, AddToKeySql);
    private readonly SqliteStatement _addToTeam = new(connection, AddToTeamSql);
    private readonly SqliteStatement _addToAccount = new(connection, AddToAccountSql);
    private readonly SqliteDays _days = new(connection);

    public void Insert(SpendEntry entry, long picos) => _insert.Run(entry, picos);

    public void InsertUnsummed(long row, byte[] calls)
    {
        _insertUnsummed.Bind(row);
        _insertUnsummed.Bind(calls);
        _insertUnsummed.Run();
    }

    public void DeleteUnsummed(long after)
    {
        _deleteUnsummed.Bind(after);
        _deleteUnsummed.Run();
    }

    public void AddToKey(in KeyHash hash, long picos)
    {
        Span<byte> bytes = stackalloc byte[KeyHash.Size];
        hash.CopyTo(bytes);
        _addToKey.Bind(picos);
        _addToKey.Bind(bytes);
        _addToKey.Run();
    }

    public void AddToTeam(string teamId, long picos)
    {
        _addToTeam.Bind(picos);
        _addToTeam.Bind(teamId);
        _addToTeam.Run();
    }

    public void AddToAccount(AccountId id, long picos, long now)
    {
        _addToAccount.Bind(id.Scope);
        _addToAccount.Bind(id.Id);
        _addToAccount.Bind(picos);
        _addToAccount.Bind(now);
        _addToAccount.Run();
    }

    public void AddToDay(in SpendDay day, in DaySum sum) => _days.Add(day, sum);

    public void AddToDay(in AccountDay day, in DaySum sum) => _days.Add(day, sum);

    public void Flush(DbTransaction transaction)
    {
    }

    public void Forget()
    {
    }

    public void Dispose()
    {
        _insert.Dispose();
        _insertUnsummed.Dispose();
        _deleteUnsummed.Dispose();
        _addToKey.Dispose();
        _addToTeam.Dispose();
        _addToAccount.Dispose();
        _days.Dispose();
    }
}
