using System.Data.Common;
using Dapper;
using Proxy.Management.Storage;

namespace Proxy.Management.Alerts;

/// <summary>The rows of alerts. Writes take the transaction of the commit queue.</summary>
internal sealed class AlertStore(Database database)
{
    private const int MaxAtOnce = 100;

    /// <summary>The key of the table is what makes it once per scope, threshold and period, over restarts too; another budget is another matter.</summary>
    private const string InsertSql = """
        insert into budget_alert (kind, id, threshold, period, spend, max_budget, raised_at, delivered_at, attempts)
        values (@Kind, @Id, @Threshold, @Period, @Spend, @MaxBudget, @RaisedAt, @DeliveredAt, 0)
        on conflict (kind, id, threshold, period) do update
        set spend = excluded.spend, max_budget = excluded.max_budget, raised_at = excluded.raised_at, delivered_at = excluded.delivered_at, attempts = 0
        where budget_alert.max_budget <> excluded.max_budget
        """;

    private const string WaitingSql = """
        select kind as Kind, id as Id, threshold as Threshold, period as Period, spend as Spend, max_budget as MaxBudget,
            raised_at as RaisedAt, attempts as Attempts
        from budget_alert
        where delivered_at is null
        order by raised_at
        limit @limit
        """;

    private const string TriedSql = """
        update budget_alert
        set attempts = attempts + 1, delivered_at = @deliveredAt
        where kind = @Kind and id = @Id and threshold = @Threshold and period = @Period
        """;

    public async Task<IReadOnlyList<BudgetAlert>> ListWaitingAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenApartAsync(cancellationToken);
        return [.. await connection.QueryAsync<BudgetAlert>(
            new CommandDefinition(WaitingSql, new { limit = MaxAtOnce }, cancellationToken: cancellationToken))];
    }

    /// <returns>False when it was raised before.</returns>
    public static bool Insert(DbConnection connection, DbTransaction transaction, BudgetAlert alert) => connection.Execute(InsertSql, alert, transaction) == 1;

    /// <param name="deliveredAt">Null when it waits for another attempt.</param>
    public static void SetTried(DbConnection connection, DbTransaction transaction, BudgetAlert alert, DateTimeOffset? deliveredAt) => connection.Execute(
        TriedSql,
        new { alert.Kind, alert.Id, alert.Threshold, alert.Period, deliveredAt = deliveredAt?.ToUnixTimeMilliseconds() },
        transaction);
}
