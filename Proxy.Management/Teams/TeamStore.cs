using System.Data.Common;
using Dapper;
using Proxy.Management.Callbacks;
using Proxy.Management.Storage;

namespace Proxy.Management.Teams;

/// <summary>A team's row together with its spend at the moment of reading.</summary>
internal sealed record TeamRecord(TeamIdentity Identity, decimal Spend);

/// <summary>The rows of teams. Writes take the transaction of the commit queue.</summary>
internal sealed class TeamStore(Database database, CallbackVault vault)
{
    /// <summary>What every statement that reads teams begins with.</summary>
    public const string Select = """
        select team_id as TeamId, team_alias as TeamAlias, organization_id as OrganizationId, models as Models, metadata as Metadata,
            details as Details, callbacks as Callbacks, is_logging_disabled as IsLoggingDisabled, is_blocked as IsBlocked, spend as Spend,
            max_budget as MaxBudget, soft_budget as SoftBudget, budget_duration as BudgetDuration, budget_reset_at as BudgetResetAt,
            max_parallel_requests as MaxParallelRequests, tpm_limit as TpmLimit, rpm_limit as RpmLimit,
            created_at as CreatedAt, updated_at as UpdatedAt, created_by as CreatedBy, updated_by as UpdatedBy
        from team

        """;

    private const string FindSql = Select + "where team_id = @teamId";

    private const string ExistsSql = """
        select count(*)
        from team
        where team_id = @teamId
        """;

    private const string InsertSql = """
        insert into team (
            team_id, team_alias, organization_id, models, metadata, details, callbacks, is_logging_disabled, is_blocked, spend,
            max_budget, soft_budget, budget_duration, budget_reset_at, max_parallel_requests, tpm_limit, rpm_limit,
            created_at, updated_at, created_by, updated_by)
        values (
            @TeamId, @TeamAlias, @OrganizationId, @Models, @Metadata, @Details, @Callbacks, @IsLoggingDisabled, @IsBlocked, @Spend,
            @MaxBudget, @SoftBudget, @BudgetDuration, @BudgetResetAt, @MaxParallelRequests, @TpmLimit, @RpmLimit,
            @CreatedAt, @UpdatedAt, @CreatedBy, @UpdatedBy)
        """;

    private const string UpdateSql = """
        update team
        set team_alias = @TeamAlias, organization_id = @OrganizationId, models = @Models, metadata = @Metadata, details = @Details,
            is_blocked = @IsBlocked, max_budget = @MaxBudget, soft_budget = @SoftBudget, budget_duration = @BudgetDuration, budget_reset_at = @BudgetResetAt,
            max_parallel_requests = @MaxParallelRequests, tpm_limit = @TpmLimit, rpm_limit = @RpmLimit,
            updated_at = @UpdatedAt, updated_by = @UpdatedBy
        where team_id = @TeamId
        """;

    private const string SetCallbacksSql = """
        update team
        set callbacks = @Callbacks, is_logging_disabled = @IsLoggingDisabled, updated_at = @UpdatedAt, updated_by = @UpdatedBy
        where team_id = @TeamId
        """;

    // The callbacks stay as they are: they may be such as cannot be decrypted today.
    private const string SetLoggingDisabledSql = """
        update team
        set is_logging_disabled = 1, updated_at = @UpdatedAt, updated_by = @UpdatedBy
        where team_id = @TeamId
        """;

    private const string SetBlockedSql = """
        update team
        set is_blocked = @IsBlocked, updated_at = @UpdatedAt, updated_by = @UpdatedBy
        where team_id = @TeamId
        """;

    private const string DeleteSql = "delete from team where team_id = @teamId";

    public async Task<TeamRecord?> FindAsync(string teamId, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        var row = await connection.QuerySingleOrDefaultAsync<TeamRow>(
            new CommandDefinition(FindSql, new { teamId }, cancellationToken: cancellationToken));
        return row?.ToRecord(vault);
    }

    public TeamRecord? Find(DbConnection connection, DbTransaction transaction, string teamId) =>
        connection.QuerySingleOrDefault<TeamRow>(FindSql, new { teamId }, transaction)?.ToRecord(vault);

    public static bool Exists(DbConnection connection, DbTransaction transaction, string teamId) =>
        connection.ExecuteScalar<long>(ExistsSql, new { teamId }, transaction) > 0;

    public static IReadOnlyList<string> ListOfOrganization(DbConnection connection, DbTransaction transaction, string organizationId) =>
        [.. connection.Query<string>("select team_id from team where organization_id = @organizationId", new { organizationId }, transaction)];

    public void Insert(DbConnection connection, DbTransaction transaction, TeamRecord team)
    {
        connection.Execute(InsertSql, TeamRow.From(team, vault), transaction);
        TeamMemberIndex.Save(connection, transaction, team.Identity, old: null);
    }

    /// <summary>The row alone: its keys must be gone.</summary>
    public static void Delete(DbConnection connection, DbTransaction transaction, string teamId)
    {
        connection.Execute(DeleteSql, new { teamId }, transaction);
        TeamMemberIndex.Delete(connection, transaction, teamId);
    }

    public void SetCallbacks(DbConnection connection, DbTransaction transaction, TeamRecord team) =>
        connection.Execute(SetCallbacksSql, TeamRow.From(team, vault), transaction);

    /// <summary>Everything but the callbacks and the spend.</summary>
    public void Update(DbConnection connection, DbTransaction transaction, TeamIdentity old, TeamRecord team)
    {
        connection.Execute(UpdateSql, TeamRow.From(team, vault), transaction);
        TeamMemberIndex.Save(connection, transaction, team.Identity, old.Members);
    }

    public void SetLoggingDisabled(DbConnection connection, DbTransaction transaction, TeamRecord team) =>
        connection.Execute(SetLoggingDisabledSql, TeamRow.From(team, vault), transaction);

    public void SetBlocked(DbConnection connection, DbTransaction transaction, TeamRecord team) =>
        connection.Execute(SetBlockedSql, TeamRow.From(team, vault), transaction);
}
