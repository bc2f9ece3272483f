using System.Data.Common;
using Dapper;
using Proxy.Management.Callbacks;
using Proxy.Management.Storage;

namespace Proxy.Management.Keys;

/// <summary>A key's row together with its spend at the moment of reading.</summary>
internal sealed record KeyRecord(KeyIdentity Identity, decimal Spend);

/// <summary>The rows of keys. Writes take the transaction of the commit queue.</summary>
internal sealed class KeyStore(Database database, CallbackVault vault)
{
    private const int MaxTeamKeys = 1000;

    private const string Columns = """
        select key_hash as KeyHash, key_name as KeyName, key_alias as KeyAlias, user_id as UserId, team_id as TeamId,
            organization_id as OrganizationId, models as Models, metadata as Metadata, details as Details, callbacks as Callbacks,
            is_blocked as IsBlocked, spend as Spend, max_budget as MaxBudget, soft_budget as SoftBudget, budget_duration as BudgetDuration,
            budget_reset_at as BudgetResetAt, max_parallel_requests as MaxParallelRequests, tpm_limit as TpmLimit, rpm_limit as RpmLimit,
            expires_at as ExpiresAt, created_at as CreatedAt, updated_at as UpdatedAt, created_by as CreatedBy, updated_by as UpdatedBy
        from api_key

        """;

    private const string FindSql = Columns + """
        where key_hash = @hash
        """;

    private const string ListOfTeamSql = Columns + """
        where team_id = @teamId
        order by created_at
        limit @limit
        """;

    private const string ListOfUserSql = Columns + """
        where user_id = @userId
        order by created_at
        limit @limit
        """;

    private const string FindByAliasSql = """
        select key_hash
        from api_key
        where key_alias = @alias
        """;

    private const string InsertSql = """
        insert into api_key (
            key_hash, key_name, key_alias, user_id, team_id, organization_id, models, metadata, details, callbacks, is_blocked, spend,
            max_budget, soft_budget, budget_duration, budget_reset_at, max_parallel_requests, tpm_limit, rpm_limit, expires_at,
            created_at, updated_at, created_by, updated_by)
        values (
            @KeyHash, @KeyName, @KeyAlias, @UserId, @TeamId, @OrganizationId, @Models, @Metadata, @Details, @Callbacks, @IsBlocked, @Spend,
            @MaxBudget, @SoftBudget, @BudgetDuration, @BudgetResetAt, @MaxParallelRequests, @TpmLimit, @RpmLimit, @ExpiresAt,
            @CreatedAt, @UpdatedAt, @CreatedBy, @UpdatedBy)
        """;

    private const string UpdateSql = """
        update api_key
        set key_alias = @KeyAlias, user_id = @UserId, team_id = @TeamId, organization_id = @OrganizationId, models = @Models,
            metadata = @Metadata, details = @Details, is_blocked = @IsBlocked, max_budget = @MaxBudget, soft_budget = @SoftBudget,
            budget_duration = @BudgetDuration, budget_reset_at = @BudgetResetAt, max_parallel_requests = @MaxParallelRequests,
            tpm_limit = @TpmLimit, rpm_limit = @RpmLimit, expires_at = @ExpiresAt, updated_at = @UpdatedAt, updated_by = @UpdatedBy
        where key_hash = @KeyHash
        """;

    // Apart, since callbacks that cannot be decrypted today must not be lost with another change.
    private const string SetCallbacksSql = """
        update api_key
        set callbacks = @Callbacks
        where key_hash = @KeyHash
        """;

    private const string SetSpendSql = """
        update api_key
        set spend = @Spend
        where key_hash = @KeyHash
        """;

    private const string SetBlockedSql = """
        update api_key
        set is_blocked = @isBlocked, updated_at = @updatedAt, updated_by = @updatedBy
        where key_hash = @hash
        """;

    private const string DeleteSql = """
        delete from api_key
        where key_hash = @hash
        """;

    public async Task<KeyRecord?> FindAsync(KeyHash hash, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        var row = await connection.QuerySingleOrDefaultAsync<KeyRow>(
            new CommandDefinition(FindSql, new { hash = hash.ToArray() }, cancellationToken: cancellationToken));
        return row?.ToRecord(vault);
    }

    public async Task<IReadOnlyList<KeyRecord>> ListOfTeamAsync(string teamId, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        var rows = await connection.QueryAsync<KeyRow>(
            new CommandDefinition(ListOfTeamSql, new { teamId, limit = MaxTeamKeys }, cancellationToken: cancellationToken));
        return [.. rows.Select(row => row.ToRecord(vault))];
    }

    public async Task<IReadOnlyList<KeyRecord>> ListOfUserAsync(string userId, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        var rows = await connection.QueryAsync<KeyRow>(
            new CommandDefinition(ListOfUserSql, new { userId, limit = MaxTeamKeys }, cancellationToken: cancellationToken));
        return [.. rows.Select(row => row.ToRecord(vault))];
    }

    public KeyRecord? Find(DbConnection connection, DbTransaction transaction, KeyHash hash) =>
        connection.QuerySingleOrDefault<KeyRow>(FindSql, new { hash = hash.ToArray() }, transaction)?.ToRecord(vault);

    public static KeyHash? FindByAlias(DbConnection connection, DbTransaction transaction, string alias) =>
        connection.QuerySingleOrDefault<byte[]>(FindByAliasSql, new { alias }, transaction) is { } hash ? new KeyHash(hash) : null;

    public static void SetBlocked(
        DbConnection connection, DbTransaction transaction, KeyHash hash, bool isBlocked, DateTimeOffset updatedAt, string? updatedBy) =>
        connection.Execute(
            SetBlockedSql,
            new { hash = hash.ToArray(), isBlocked = isBlocked ? 1 : 0, updatedAt = updatedAt.ToUnixTimeMilliseconds(), updatedBy },
            transaction);

    public void Update(DbConnection connection, DbTransaction transaction, KeyRecord key, bool setsCallbacks, bool setsSpend)
    {
        var row = KeyRow.From(key, vault);
        connection.Execute(UpdateSql, row, transaction);
        if (setsCallbacks) connection.Execute(SetCallbacksSql, row, transaction);
        if (setsSpend) connection.Execute(SetSpendSql, row, transaction);
    }

    /// <returns>Whether there was such a row.</returns>
    public static bool Delete(DbConnection connection, DbTransaction transaction, KeyHash hash) =>
        connection.Execute(DeleteSql, new { hash = hash.ToArray() }, transaction) == 1;

    public void Insert(DbConnection connection, DbTransaction transaction, KeyRecord key) =>
        connection.Execute(InsertSql, KeyRow.From(key, vault), transaction);
}
