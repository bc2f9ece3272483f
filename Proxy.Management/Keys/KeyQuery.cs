using System.Data.Common;
using Dapper;
using Proxy.Management.Budgets;
using Proxy.Management.Callbacks;

namespace Proxy.Management.Keys;

/// <summary>A key's row together with its spend at the moment of reading.</summary>
internal sealed record KeyRecord(KeyIdentity Identity, decimal Spend);

/// <summary>Reads rows of keys, each with the budget that it shares.</summary>
internal static class KeyQuery
{
    /// <summary>What every statement that reads keys begins with; conditions name the columns of <c>k</c>.</summary>
    public const string Select = """
        select k.key_hash as KeyHash, k.secret_hash as SecretHash, k.key_name as KeyName, k.key_alias as KeyAlias, k.user_id as UserId,
            k.team_id as TeamId, k.organization_id as OrganizationId, k.models as Models, k.metadata as Metadata, k.details as Details,
            k.callbacks as Callbacks, k.budget_id as BudgetId, k.owns_budget as OwnsBudget, k.is_blocked as IsBlocked, k.spend as Spend,
            k.max_budget as MaxBudget, k.soft_budget as SoftBudget, k.budget_duration as BudgetDuration, k.budget_reset_at as BudgetResetAt,
            k.max_parallel_requests as MaxParallelRequests, k.tpm_limit as TpmLimit, k.rpm_limit as RpmLimit, k.expires_at as ExpiresAt,
            k.created_at as CreatedAt, k.updated_at as UpdatedAt, k.created_by as CreatedBy, k.updated_by as UpdatedBy,
            b.budget_id as BudgetId, b.details as Details, b.max_budget as MaxBudget, b.soft_budget as SoftBudget,
            b.budget_duration as BudgetDuration, b.max_parallel_requests as MaxParallelRequests, b.tpm_limit as TpmLimit,
            b.rpm_limit as RpmLimit
        from api_key k
        left join budget b on b.budget_id = k.budget_id

        """;

    private const string BudgetsFirstColumn = "BudgetId";

    public static async Task<IReadOnlyList<KeyRecord>> ReadKeysAsync(
        this DbConnection connection, CallbackVault vault, string condition, object parameters, CancellationToken cancellationToken)
    {
        var command = new CommandDefinition(Select + condition, parameters, cancellationToken: cancellationToken);
        return [.. await connection.QueryAsync<KeyRow, SharedBudget?, KeyRecord>(
            command, (row, budget) => row.ToRecord(vault, budget), BudgetsFirstColumn)];
    }

    public static IReadOnlyList<KeyRecord> ReadKeys(
        this DbConnection connection, DbTransaction transaction, CallbackVault vault, string condition, object parameters) =>
        [.. connection.Query<KeyRow, SharedBudget?, KeyRecord>(
            Select + condition, (row, budget) => row.ToRecord(vault, budget), parameters, transaction, splitOn: BudgetsFirstColumn)];
}
