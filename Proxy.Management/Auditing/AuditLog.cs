using System.Data.Common;
using Dapper;
using Proxy.Management.Storage;

namespace Proxy.Management.Auditing;

/// <summary>One change of one row.</summary>
internal sealed record AuditRow
{
    public required string Id { get; init; }
    public long ChangedAt { get; init; }
    public string? ChangedBy { get; init; }
    public string? ChangedByKey { get; init; }
    public string? KeyAlias { get; init; }
    public string? ClaimedBy { get; init; }
    public required string Action { get; init; }
    public required string TableName { get; init; }
    public required string ObjectId { get; init; }
    public string? BeforeValue { get; init; }
    public string? UpdatedValues { get; init; }
}

/// <summary>The rows of the audit, the latest first. They are only ever added to.</summary>
internal sealed class AuditLog(Database database)
{
    private const string InsertSql = """
        insert into audit_log (
            audit_id, changed_at, changed_by, changed_by_key, key_alias, claimed_by, action, table_name, object_id, before_value, updated_values)
        values (
            @Id, @ChangedAt, @ChangedBy, @ChangedByKey, @KeyAlias, @ClaimedBy, @Action, @TableName, @ObjectId, @BeforeValue, @UpdatedValues)
        """;

    private const string SelectSql = """
        select audit_id as Id, changed_at as ChangedAt, changed_by as ChangedBy, changed_by_key as ChangedByKey, key_alias as KeyAlias,
            claimed_by as ClaimedBy, action as Action, table_name as TableName, object_id as ObjectId, before_value as BeforeValue,
            updated_values as UpdatedValues
        from audit_log

        """;

    public static void Insert(DbConnection connection, DbTransaction transaction, AuditRow row) => connection.Execute(InsertSql, row, transaction);

    public async Task<AuditRow?> FindAsync(string id, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenApartAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<AuditRow>(
            new CommandDefinition(SelectSql + "where audit_id = @id", new { id }, cancellationToken: cancellationToken));
    }

    public async Task<(IReadOnlyList<AuditRow> Rows, long Total)> ListAsync(AuditQuery query, CancellationToken cancellationToken)
    {
        var (condition, parameters) = (query.Condition, query.Parameters);
        await using var connection = await database.OpenApartAsync(cancellationToken);
        var total = await connection.ExecuteScalarAsync<long>(
            new CommandDefinition($"select count(*) from audit_log {condition}", parameters, cancellationToken: cancellationToken));
        parameters.Add("limit", query.Size);
        parameters.Add("offset", (query.Page - 1L) * query.Size);
        var rows = await connection.QueryAsync<AuditRow>(new CommandDefinition(
            $"{SelectSql}{condition} order by audit_id desc limit @limit offset @offset", parameters, cancellationToken: cancellationToken));
        return ([.. rows], total);
    }
}
