using Dapper;
using Proxy.Management.Storage;

namespace Proxy.Management.Spend;

/// <summary>A sum of the report: of a day, of somebody, with a model, by a key.</summary>
internal sealed class ReportRow
{
    public long Day { get; init; }
    public string Name { get; init; } = "";
    public string Model { get; init; } = "";
    public byte[] Hash { get; init; } = [];
    public long PromptTokens { get; init; }
    public long CompletionTokens { get; init; }
    public long Spend { get; init; }

    public decimal Dollars => Money.FromPico(Spend);

    public long TotalTokens => PromptTokens + CompletionTokens;
}

/// <summary>Reads what a report is made of, from the sums of days.</summary>
internal sealed class SpendReport(Database database)
{
    private const int MaxRows = 100_000;

    private const string Sums = """
        cast(sum(prompt_tokens) as bigint) as PromptTokens, cast(sum(completion_tokens) as bigint) as CompletionTokens, cast(sum(spend) as bigint) as Spend
        """;

    /// <summary>By day, team, model and key. A team that is gone has its id for a name.</summary>
    public Task<IReadOnlyList<ReportRow>> OfTeamsAsync(DayFilter filter, CancellationToken cancellationToken) => QueryAsync(
        $"""
        select s.day as Day, coalesce(t.team_alias, s.team_id) as Name, s.model as Model, s.key_hash as Hash, s.PromptTokens, s.CompletionTokens, s.Spend
        from (
            select day, team_id, model, key_hash, {Sums}
            from {DayBook.Calls}
            where {filter.Sql}
            group by day, team_id, model, key_hash) s
        left join team t on t.team_id = s.team_id
        order by s.day, s.team_id, s.Spend desc, s.model
        limit {MaxRows}
        """,
        filter,
        cancellationToken);

    /// <summary>By day, customer and model.</summary>
    public Task<IReadOnlyList<ReportRow>> OfCustomersAsync(DayFilter filter, CancellationToken cancellationToken) => QueryAsync(
        $"""
        select day as Day, id as Name, model as Model, {Sums}
        from {DayBook.Accounts}
        where {filter.Sql}
        group by day, id, model
        order by day, id, sum(spend) desc, model
        limit {MaxRows}
        """,
        filter,
        cancellationToken);

    /// <summary>By key and model, of all days together.</summary>
    public Task<IReadOnlyList<ReportRow>> OfKeysAsync(DayFilter filter, CancellationToken cancellationToken) => QueryAsync(
        $"""
        select key_hash as Hash, model as Model, {Sums}
        from {DayBook.Calls}
        where {filter.Sql}
        group by key_hash, model
        order by key_hash, sum(spend) desc, model
        limit {MaxRows}
        """,
        filter,
        cancellationToken);

    private async Task<IReadOnlyList<ReportRow>> QueryAsync(string sql, DayFilter filter, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        return [.. await connection.QueryAsync<ReportRow>(new CommandDefinition(sql, filter.Parameters, cancellationToken: cancellationToken))];
    }
}
