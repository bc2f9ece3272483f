using Dapper;
using Proxy.Management.Keys;
using Proxy.Management.Storage;

namespace Proxy.Management.Spend;

/// <summary>What calls came to, of one name, or of one day, or of both. Money is in picodollars.</summary>
internal sealed class DayRow
{
    public long Day { get; init; }
    public string? Name { get; init; }
    public byte[]? Hash { get; init; }
    public long Requests { get; init; }
    public long Successes { get; init; }
    public long PromptTokens { get; init; }
    public long CompletionTokens { get; init; }
    public long CachedTokens { get; init; }
    public long CacheWriteTokens { get; init; }
    public long Spend { get; init; }

    public string Date => DayRange.Show(Day);

    /// <summary>The name, or the hash as clients know it; empty for calls that have none.</summary>
    public string Label => Hash is null ? Name ?? "" : Hash.Length == 0 ? "" : new KeyHash(Hash).ToString();

    public decimal Dollars => Money.FromPico(Spend);

    public long TotalTokens => PromptTokens + CompletionTokens;
}

/// <summary>Reads the sums of days. Nothing here reads the book itself.</summary>
internal sealed class DayBook(Database database)
{
    /// <summary>The table of days of keys, teams, users, organisations and models.</summary>
    public const string Calls = "spend_day";

    /// <summary>The table of days of customers and tags.</summary>
    public const string Accounts = "account_day";

    private const string Sums = """
        cast(sum(requests) as bigint) as Requests, cast(sum(successes) as bigint) as Successes,
            cast(sum(prompt_tokens) as bigint) as PromptTokens, cast(sum(completion_tokens) as bigint) as CompletionTokens,
            cast(sum(cached_tokens) as bigint) as CachedTokens, cast(sum(cache_write_tokens) as bigint) as CacheWriteTokens,
            cast(sum(spend) as bigint) as Spend
        """;

    /// <summary>A row for each day that has calls, the latest first.</summary>
    public Task<IReadOnlyList<DayRow>> ByDayAsync(string table, DayFilter filter, CancellationToken cancellationToken) => QueryAsync(
        $"""
        select day as Day, {Sums}
        from {table}
        where {filter.Sql}
        group by day
        order by day desc
        """,
        filter,
        cancellationToken);

    /// <summary>A row for each value of a column, the dearest first.</summary>
    public Task<IReadOnlyList<DayRow>> ByNameAsync(string table, string column, DayFilter filter, int limit, CancellationToken cancellationToken) => QueryAsync(
        $"""
        select {column} as {Alias(column)}, {Sums}
        from {table}
        where {filter.Sql}
        group by {column}
        order by sum(spend) desc, {column}
        limit {limit}
        """,
        filter,
        cancellationToken);

    /// <summary>A row for each day and each value of a column, of those values that are the dearest of all the days.</summary>
    public Task<IReadOnlyList<DayRow>> ByDayAndNameAsync(string table, string column, DayFilter filter, int limit, CancellationToken cancellationToken) => QueryAsync(
        $"""
        select day as Day, {column} as {Alias(column)}, {Sums}
        from {table}
        where {filter.Sql} and {column} in (
            select {column}
            from {table}
            where {filter.Sql}
            group by {column}
            order by sum(spend) desc, {column}
            limit {limit})
        group by day, {column}
        order by day, sum(spend) desc, {column}
        """,
        filter,
        cancellationToken);

    private static string Alias(string column) => column == "key_hash" ? nameof(DayRow.Hash) : nameof(DayRow.Name);

    private async Task<IReadOnlyList<DayRow>> QueryAsync(string sql, DayFilter filter, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        return [.. await connection.QueryAsync<DayRow>(new CommandDefinition(sql, filter.Parameters, cancellationToken: cancellationToken))];
    }
}
