using Dapper;
using Proxy.Management.Storage;

namespace Proxy.Management.Spend;

/// <summary>Reads what the ledger wrote.</summary>
public sealed class SpendLog(Database database)
{
    private const string FindSql = """
        select call_id as CallId, call_type as CallType, key_hash as KeyHash, team_id as TeamId, user_id as UserId, end_user as EndUser,
            model as Model, upstream_model as UpstreamModel, provider as Provider, destination as Destination, outcome as Outcome,
            status_code as StatusCode, error_type as ErrorType, input_tokens as InputTokens, cached_input_tokens as CachedInputTokens,
            cache_write_tokens as CacheWriteTokens, output_tokens as OutputTokens, reasoning_tokens as ReasoningTokens, cost as Cost,
            is_estimated as IsEstimated, is_unpriced as IsUnpriced, started_at as StartedAt, ended_at as EndedAt,
            first_token_at as FirstTokenAt, tags as Tags, session_id as SessionId, requester_ip as RequesterIp, attempts as Attempts,
            organization_id as OrganizationId
        from spend_log

        """;

    private const string FindByCallSql = FindSql + """
        where call_id = @callId
        """;

    private const string SumSql = """
        select count(*) as Calls, cast(coalesce(sum(cost), 0) as bigint) as Cost
        from spend_log
        """;

    /// <returns>Null when no such call is recorded.</returns>
    public async Task<SpendEntry?> FindAsync(Guid callId, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenApartAsync(cancellationToken);
        var row = await connection.QuerySingleOrDefaultAsync<SpendRow>(
            new CommandDefinition(FindByCallSql, new { callId = callId.ToByteArray(bigEndian: true) }, cancellationToken: cancellationToken));
        return row?.ToEntry();
    }

    /// <summary>The latest entries of a filter, the latest first.</summary>
    /// <param name="offset">How many of them are passed over.</param>
    internal async Task<IReadOnlyList<SpendEntry>> ListAsync(EntryFilter filter, int limit, CancellationToken cancellationToken, long offset = 0)
    {
        if (filter.IsEmpty) return [];

        var (condition, parameters) = filter.ToSql(limit, offset);
        await using var connection = await database.OpenAsync(cancellationToken);
        var rows = await connection.QueryAsync<SpendRow>(
            new CommandDefinition($"{FindSql}{condition} order by call_id desc limit @limit offset @offset", parameters, cancellationToken: cancellationToken));
        return [.. rows.Select(row => row.ToEntry())];
    }

    /// <summary>How many calls are recorded, and what they cost together.</summary>
    public async Task<(long Calls, decimal Cost)> SumAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenApartAsync(cancellationToken);
        var (calls, cost) = await connection.QuerySingleAsync<(long, long)>(new CommandDefinition(SumSql, cancellationToken: cancellationToken));
        return (calls, Money.FromPico(cost));
    }
}
