using System.Data.Common;
using Dapper;
using Proxy.Management.Auditing;
using Proxy.Management.Storage;

namespace Proxy.Management.Budgets;

/// <summary>A row of terms that accounts share by their <c>budget_id</c>.</summary>
internal sealed record SharedBudget : LimitRow
{
    public required string BudgetId { get; init; }
    public string Details { get; init; } = "{}";
    public long CreatedAt { get; init; }
    public long UpdatedAt { get; init; }
    public string? CreatedBy { get; init; }
    public string? UpdatedBy { get; init; }
}

/// <summary>The rows of shared budgets. Writes take the transaction of the commit queue.</summary>
internal sealed class SharedBudgetStore(Database database)
{
    private const int MaxListed = 1000;

    private const string Columns = """
        select budget_id as BudgetId, details as Details, max_budget as MaxBudget, soft_budget as SoftBudget, budget_duration as BudgetDuration,
            max_parallel_requests as MaxParallelRequests, tpm_limit as TpmLimit, rpm_limit as RpmLimit,
            created_at as CreatedAt, updated_at as UpdatedAt, created_by as CreatedBy, updated_by as UpdatedBy
        from budget

        """;

    private const string FindSql = Columns + """
        where budget_id = @budgetId
        """;

    private const string ListSql = Columns + """
        order by created_at, budget_id
        limit @limit
        """;

    private const string SaveSql = """
        insert into budget (
            budget_id, details, max_budget, soft_budget, budget_duration, max_parallel_requests, tpm_limit, rpm_limit,
            created_at, updated_at, created_by, updated_by)
        values (
            @BudgetId, @Details, @MaxBudget, @SoftBudget, @BudgetDuration, @MaxParallelRequests, @TpmLimit, @RpmLimit,
            @CreatedAt, @UpdatedAt, @CreatedBy, @UpdatedBy)
        on conflict (budget_id) do update set
            details = excluded.details, max_budget = excluded.max_budget, soft_budget = excluded.soft_budget,
            budget_duration = excluded.budget_duration, max_parallel_requests = excluded.max_parallel_requests,
            tpm_limit = excluded.tpm_limit, rpm_limit = excluded.rpm_limit, updated_at = excluded.updated_at, updated_by = excluded.updated_by
        """;

    private const string DeleteSql = """
        delete from budget
        where budget_id = @budgetId
        """;

    private const string ScheduleSql = """
        update account
        set budget_reset_at = @resetAt
        where budget_id = @budgetId and budget_duration is null;
        update api_key
        set budget_reset_at = @resetAt
        where budget_id = @budgetId and budget_duration is null
        """;

    public async Task<IReadOnlyList<SharedBudget>> ListAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        return [.. await connection.QueryAsync<SharedBudget>(
            new CommandDefinition(ListSql, new { limit = MaxListed }, cancellationToken: cancellationToken))];
    }

    public static SharedBudget? Find(DbConnection connection, DbTransaction transaction, string budgetId) =>
        connection.QuerySingleOrDefault<SharedBudget>(FindSql, new { budgetId }, transaction);

    public static void Save(DbConnection connection, AuditedTransaction transaction, SharedBudget budget)
    {
        transaction.Watch(AuditedRow.OfBudget(budget.BudgetId));
        connection.Execute(SaveSql, budget, transaction.Inner);
    }

    /// <returns>Whether there was such a row.</returns>
    public static bool Delete(DbConnection connection, AuditedTransaction transaction, string budgetId)
    {
        transaction.Watch(AuditedRow.OfBudget(budgetId));
        return connection.Execute(DeleteSql, new { budgetId }, transaction.Inner) == 1;
    }

    /// <summary>The accounts and keys that share the budget's period begin anew with it.</summary>
    public static void Schedule(DbConnection connection, DbTransaction transaction, string budgetId, DateTimeOffset? resetAt) =>
        connection.Execute(ScheduleSql, new { budgetId, resetAt = resetAt?.ToUnixTimeMilliseconds() }, transaction);
}
