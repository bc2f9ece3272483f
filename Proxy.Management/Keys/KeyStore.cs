using System.Data.Common;
using Dapper;
using Proxy.Management.Auditing;
using Proxy.Management.Callbacks;
using Proxy.Management.Storage;

namespace Proxy.Management.Keys;

/// <summary>The rows of keys. Writes take the transaction of the commit queue.</summary>
internal sealed class KeyStore(Database database, CallbackVault vault)
{
    private const int MaxListed = 1000;

    private const string ByHashSql = "where k.key_hash = @hash";

    private const string ByAnySecretSql = $"where k.key_hash = {KeySecrets.LastingHash}";

    private const string OfTeamSql = """
        where k.team_id = @teamId
        order by k.created_at
        limit @limit
        """;

    private const string OfUserSql = """
        where k.user_id = @userId
        order by k.created_at
        limit @limit
        """;

    private const string FindByAliasSql = """
        select key_hash
        from api_key
        where key_alias = @alias
        """;

    private const string InsertSql = """
        insert into api_key (
            key_hash, key_name, key_alias, user_id, team_id, organization_id, models, metadata, details, callbacks, budget_id, owns_budget,
            is_blocked, spend, max_budget, soft_budget, budget_duration, budget_reset_at, max_parallel_requests, tpm_limit, rpm_limit,
            expires_at, created_at, updated_at, created_by, updated_by)
        values (
            @KeyHash, @KeyName, @KeyAlias, @UserId, @TeamId, @OrganizationId, @Models, @Metadata, @Details, @Callbacks, @BudgetId, @OwnsBudget,
            @IsBlocked, @Spend, @MaxBudget, @SoftBudget, @BudgetDuration, @BudgetResetAt, @MaxParallelRequests, @TpmLimit, @RpmLimit,
            @ExpiresAt, @CreatedAt, @UpdatedAt, @CreatedBy, @UpdatedBy)
        """;

    private const string UpdateSql = """
        update api_key
        set secret_hash = @SecretHash, key_name = @KeyName, key_alias = @KeyAlias, user_id = @UserId, team_id = @TeamId,
            organization_id = @OrganizationId, models = @Models, metadata = @Metadata, details = @Details, budget_id = @BudgetId,
            owns_budget = @OwnsBudget, is_blocked = @IsBlocked, max_budget = @MaxBudget, soft_budget = @SoftBudget,
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

    private const string DeleteSql = """
        delete from api_key
        where key_hash = @hash
        """;

    /// <summary>The key of this lasting hash.</summary>
    public async Task<KeyRecord?> FindAsync(KeyHash hash, CancellationToken cancellationToken) =>
        (await ReadAsync(ByHashSql, new { hash = hash.ToArray() }, cancellationToken)).SingleOrDefault();

    /// <summary>The key that somebody names by a secret that it has or had, or by the hash of one.</summary>
    public async Task<KeyRecord?> FindNamedAsync(KeyHash hash, CancellationToken cancellationToken) =>
        (await ReadAsync(ByAnySecretSql, new { hash = hash.ToArray() }, cancellationToken)).SingleOrDefault();

    public Task<IReadOnlyList<KeyRecord>> ListOfTeamAsync(string teamId, CancellationToken cancellationToken) =>
        ReadAsync(OfTeamSql, new { teamId, limit = MaxListed }, cancellationToken);

    /// <summary>The oldest keys of several teams.</summary>
    /// <param name="teams">A statement that selects their ids.</param>
    /// <param name="parameters">Its values.</param>
    /// <param name="limit">The most that are read.</param>
    public Task<IReadOnlyList<KeyRecord>> ListOfTeamsAsync(string teams, DynamicParameters parameters, int limit, CancellationToken cancellationToken)
    {
        parameters.Add("limitOfKeys", limit);
        return ReadAsync($"where k.team_id in ({teams}) order by k.created_at, k.key_hash limit @limitOfKeys", parameters, cancellationToken);
    }

    public Task<IReadOnlyList<KeyRecord>> ListOfUserAsync(string userId, CancellationToken cancellationToken) =>
        ReadAsync(OfUserSql, new { userId, limit = MaxListed }, cancellationToken);

    /// <summary>The key that somebody names by a secret that it has or had, or by the hash of one.</summary>
    public KeyRecord? FindNamed(DbConnection connection, DbTransaction transaction, KeyHash hash) =>
        connection.ReadKeys(transaction, vault, ByAnySecretSql, new { hash = hash.ToArray() }).SingleOrDefault();

    /// <summary>The key of this lasting hash.</summary>
    public KeyRecord? Find(DbConnection connection, DbTransaction transaction, KeyHash hash) =>
        connection.ReadKeys(transaction, vault, ByHashSql, new { hash = hash.ToArray() }).SingleOrDefault();

    /// <summary>All keys that a filter lets through.</summary>
    public IReadOnlyList<KeyRecord> List(DbConnection connection, DbTransaction transaction, KeyFilter filter)
    {
        var (condition, parameters) = filter.ToSql();
        return connection.ReadKeys(transaction, vault, condition, parameters);
    }

    public static KeyHash? FindByAlias(DbConnection connection, DbTransaction transaction, string alias) =>
        connection.QuerySingleOrDefault<byte[]>(FindByAliasSql, new { alias }, transaction) is { } hash ? new KeyHash(hash) : null;

    public void Update(DbConnection connection, AuditedTransaction transaction, KeyIdentity old, KeyRecord key, bool setsCallbacks, bool setsSpend)
    {
        transaction.Watch(AuditedRow.Of(old.Hash));
        var row = KeyRow.From(key, vault);
        connection.Execute(UpdateSql, row, transaction.Inner);
        if (setsCallbacks) connection.Execute(SetCallbacksSql, row, transaction.Inner);
        if (setsSpend) connection.Execute(SetSpendSql, row, transaction.Inner);
        KeyCounts.Changed(connection, transaction, old, key.Identity);
    }

    /// <summary>The row, its secrets, and the budget that was made for it.</summary>
    public static void Delete(DbConnection connection, AuditedTransaction transaction, KeyIdentity key)
    {
        transaction.Watch(AuditedRow.Of(key.Hash));
        connection.Execute(DeleteSql, new { hash = key.Hash.ToArray() }, transaction.Inner);
        KeySecrets.Delete(connection, transaction, key.Hash);
        KeyBudget.Delete(connection, transaction, key);
        KeyCounts.Removed(connection, transaction, key);
    }

    public void Insert(DbConnection connection, AuditedTransaction transaction, KeyRecord key)
    {
        transaction.Watch(AuditedRow.Of(key.Identity.Hash));
        connection.Execute(InsertSql, KeyRow.From(key, vault), transaction.Inner);
        KeyCounts.Added(connection, transaction, key.Identity);
    }

    private async Task<IReadOnlyList<KeyRecord>> ReadAsync(string condition, object parameters, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        return await connection.ReadKeysAsync(vault, condition, parameters, cancellationToken);
    }
}
