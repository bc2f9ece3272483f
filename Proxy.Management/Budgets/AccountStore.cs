using System.Data.Common;
using System.Text;
using Dapper;
using Proxy.Management.Auditing;
using Proxy.Management.Keys;
using Proxy.Management.Storage;
using Proxy.Management.Users;

namespace Proxy.Management.Budgets;

/// <summary>The rows of accounts. Writes take the transaction of the commit queue.</summary>
internal sealed class AccountStore(Database database)
{
    /// <summary>What every statement that reads accounts begins with.</summary>
    public const string Columns = """
        select a.kind as Kind, a.id as Id, a.alias as Alias, a.details as Details, a.budget_id as BudgetId, a.is_blocked as IsBlocked,
            a.spend as Spend, a.max_budget as MaxBudget, a.soft_budget as SoftBudget, a.budget_duration as BudgetDuration,
            a.budget_reset_at as BudgetResetAt, a.max_parallel_requests as MaxParallelRequests, a.tpm_limit as TpmLimit,
            a.rpm_limit as RpmLimit, a.created_at as CreatedAt, a.updated_at as UpdatedAt, a.created_by as CreatedBy, a.updated_by as UpdatedBy,
            b.max_budget as SharedMaxBudget, b.soft_budget as SharedSoftBudget, b.budget_duration as SharedBudgetDuration,
            b.max_parallel_requests as SharedMaxParallelRequests, b.tpm_limit as SharedTpmLimit, b.rpm_limit as SharedRpmLimit
        from account a
        left join budget b on b.budget_id = a.budget_id

        """;

    private const string FindSql = Columns + """
        where a.kind = @kind and a.id = @id
        """;

    private const string ListSql = Columns + """
        where a.kind = @kind
        order by a.created_at, a.id
        limit @limit
        """;

    private const string UsersSql = "a.kind = 'user' and a.updated_by is not null";

    private const string OfBudgetSql = Columns + """
        where a.budget_id = @budgetId
        """;

    private const string SaveSql = """
        insert into account (
            kind, id, alias, details, budget_id, is_blocked, spend, max_budget, soft_budget, budget_duration, budget_reset_at,
            max_parallel_requests, tpm_limit, rpm_limit, created_at, updated_at, created_by, updated_by)
        values (
            @Kind, @Id, @Alias, @Details, @BudgetId, @IsBlocked, @Spend, @MaxBudget, @SoftBudget, @BudgetDuration, @BudgetResetAt,
            @MaxParallelRequests, @TpmLimit, @RpmLimit, @CreatedAt, @UpdatedAt, @CreatedBy, @UpdatedBy)
        on conflict (kind, id) do update set
            alias = excluded.alias, details = excluded.details, budget_id = excluded.budget_id, is_blocked = excluded.is_blocked,
            max_budget = excluded.max_budget, soft_budget = excluded.soft_budget, budget_duration = excluded.budget_duration,
            budget_reset_at = excluded.budget_reset_at, max_parallel_requests = excluded.max_parallel_requests,
            tpm_limit = excluded.tpm_limit, rpm_limit = excluded.rpm_limit, updated_at = excluded.updated_at,
            updated_by = excluded.updated_by
        """;

    private const string DueSql = """
        select kind as Kind, id as Id from account where budget_reset_at <= @now
        union all
        select 'team', team_id from team where budget_reset_at <= @now
        """;

    private const string DueKeySql = """
        select coalesce(k.budget_duration, b.budget_duration), k.budget_reset_at
        from api_key k
        left join budget b on b.budget_id = k.budget_id
        where k.key_hash = @id
        """;

    private const string DueKeysSql = "select key_hash from api_key where budget_reset_at <= @now";

    private const string ResetAccountSql = "update account set spend = 0, budget_reset_at = @next where kind = @kind and id = @id";
    private const string ResetTeamSql = "update team set spend = 0, budget_reset_at = @next where team_id = @id";
    private const string ResetKeySql = "update api_key set spend = 0, budget_reset_at = @next where key_hash = @hash";

    public async Task<AccountRow?> FindAsync(AccountId id, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<AccountRow>(
            new CommandDefinition(FindSql, new { kind = id.Scope, id = id.Id }, cancellationToken: cancellationToken));
    }

    public async Task<IReadOnlyList<AccountRow>> ListAsync(AccountKind kind, int limit, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        return [.. await connection.QueryAsync<AccountRow>(
            new CommandDefinition(ListSql, new { kind = new AccountId(kind, "").Scope, limit }, cancellationToken: cancellationToken))];
    }

    /// <summary>Users that somebody made, the oldest first, and how many there are. Calls make rows too; those are left out.</summary>
    /// <param name="role">A word that is known as a role; null for all.</param>
    /// <param name="ids">Only these; null for all.</param>
    public async Task<(IReadOnlyList<AccountRow> Rows, long Total)> ListUsersAsync(
        string? role, IReadOnlyList<string>? ids, int limit, long offset, CancellationToken cancellationToken)
    {
        var (condition, parameters) = (new StringBuilder(UsersSql), new DynamicParameters(new { limit, offset }));
        if (role is not null)
        {
            condition.Append(" and a.details like @role escape '\\'");
            parameters.Add("role", $"%\"{AccountRow.RoleField}\":\"{role.Replace("_", "\\_", StringComparison.Ordinal)}\"%");
        }

        if (ids is not null)
        {
            // Not as one list: the engines take those differently.
            condition.Append(" and a.id in (").AppendJoin(", ", ids.Select((_, index) => $"@id{index}").DefaultIfEmpty("null")).Append(')');
            for (var index = 0; index < ids.Count; index++) parameters.Add($"id{index}", ids[index]);
        }

        await using var connection = await database.OpenAsync(cancellationToken);
        var total = await connection.ExecuteScalarAsync<long>(
            new CommandDefinition($"select count(*) from account a where {condition}", parameters, cancellationToken: cancellationToken));
        var rows = await connection.QueryAsync<AccountRow>(
            new CommandDefinition($"{Columns}where {condition} order by a.created_at, a.id limit @limit offset @offset", parameters, cancellationToken: cancellationToken));
        return ([.. rows], total);
    }

    /// <summary>The accounts whose period is over.</summary>
    public async Task<IReadOnlyList<AccountId>> ListDueAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        var parameters = new { now = now.ToUnixTimeMilliseconds() };
        var rows = await connection.QueryAsync<(string Kind, string Id)>(new CommandDefinition(DueSql, parameters, cancellationToken: cancellationToken));
        var keys = await connection.QueryAsync<byte[]>(new CommandDefinition(DueKeysSql, parameters, cancellationToken: cancellationToken));
        return [.. rows.Select(row => new AccountId(AccountRow.KindOf(row.Kind), row.Id)), .. keys.Select(hash => AccountId.Of(new KeyHash(hash)))];
    }

    /// <returns>The id of the user with this address of mail; null when there is none.</returns>
    public async Task<string?> FindUserByEmailAsync(string email, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        return UserRows.FindByEmail(connection, transaction: null, email);
    }

    public static AccountRow? Find(DbConnection connection, DbTransaction transaction, AccountId id) =>
        connection.QuerySingleOrDefault<AccountRow>(FindSql, new { kind = id.Scope, id = id.Id }, transaction);

    public static IReadOnlyList<AccountRow> ListOfBudget(DbConnection connection, DbTransaction transaction, string budgetId) =>
        [.. connection.Query<AccountRow>(OfBudgetSql, new { budgetId }, transaction)];

    /// <summary>Writes everything but the spend of a row that exists.</summary>
    public static void Save(DbConnection connection, AuditedTransaction transaction, AccountRow row)
    {
        transaction.Watch(AuditedRow.Of(row.AccountId));
        SaveUnseen(connection, transaction, row);
    }

    /// <summary>For what calls make of an account and nobody asked for.</summary>
    public static void SaveUnseen(DbConnection connection, DbTransaction transaction, AccountRow row) => connection.Execute(SaveSql, row, transaction);

    public static void Reset(DbConnection connection, DbTransaction transaction, AccountId id, DateTimeOffset? nextReset)
    {
        var next = nextReset?.ToUnixTimeMilliseconds();
        if (id.Kind == AccountKind.Key) connection.Execute(ResetKeySql, new { next, hash = Convert.FromHexString(id.Id) }, transaction);
        else if (id.Kind == AccountKind.Team) connection.Execute(ResetTeamSql, new { next, id = id.Id }, transaction);
        else connection.Execute(ResetAccountSql, new { next, kind = id.Scope, id = id.Id }, transaction);
    }

    /// <summary>Resets a row that nobody holds in memory, if its period is over.</summary>
    public static bool ResetDue(DbConnection connection, DbTransaction transaction, AccountId id, DateTimeOffset now, BudgetCalendar calendar)
    {
        var (duration, resetAt) = id.Kind switch
        {
            AccountKind.Key => Due(DueKeySql, Convert.FromHexString(id.Id)),
            AccountKind.Team => Due("select budget_duration, budget_reset_at from team where team_id = @id", id.Id),
            _ => Find(connection, transaction, id) is { } row ? (row.BudgetDuration ?? row.SharedBudgetDuration, row.BudgetResetAt) : default,
        };
        if (!(resetAt <= now.ToUnixTimeMilliseconds())) return false;

        Reset(connection, transaction, id, calendar.NextReset(duration, now));
        return true;

        (string? Duration, long? ResetAt) Due(string sql, object key) =>
            connection.QuerySingleOrDefault<(string?, long?)>(sql, new { id = key }, transaction);
    }
}
