using Dapper;
using Proxy.Management.Keys;
using Proxy.Management.Storage;

namespace Proxy.Management.Spend;

/// <summary>Keys and users by what they have spent in their present period, the dearest first.</summary>
internal sealed class SpendRanking(Database database)
{
    private const string KeysSql = """
        select key_hash as Hash, key_name as Name, key_alias as Alias, user_id as UserId, team_id as TeamId, spend as Spend, max_budget as MaxBudget
        from api_key
        order by spend desc, key_hash
        limit @limit
        """;

    private const string UsersSql = """
        select a.id as Name, a.alias as Alias, a.spend as Spend, coalesce(a.max_budget, b.max_budget) as MaxBudget
        from account a
        left join budget b on b.budget_id = a.budget_id
        where a.kind = 'user' and (@userId = '' or a.id = @userId)
        order by a.spend desc, a.id
        limit @limit
        """;

    private const string AliasesSql = """
        select key_hash as Hash, key_name as Name, key_alias as Alias
        from api_key
        where key_hash = @hash
        """;

    public async Task<IReadOnlyList<RankedKey>> KeysAsync(int limit, CancellationToken cancellationToken) =>
        [.. (await QueryAsync(KeysSql, new { limit }, cancellationToken)).Select(row => new RankedKey(
            new KeyHash(row.Hash).ToString(), row.Name, row.Alias, row.UserId, row.TeamId, Money.FromPico(row.Spend), Columns.ToDollars(row.MaxBudget)))];

    public async Task<IReadOnlyList<RankedUser>> UsersAsync(string? userId, int limit, CancellationToken cancellationToken) =>
        [.. (await QueryAsync(UsersSql, new { userId = userId ?? "", limit }, cancellationToken)).Select(row =>
            new RankedUser(row.Name, row.Alias, Money.FromPico(row.Spend), Columns.ToDollars(row.MaxBudget)))];

    /// <summary>Sums of keys, with the names of those that still are.</summary>
    public async Task<IReadOnlyList<SpendOfKey>> NameAsync(IEnumerable<DayRow> keys, CancellationToken cancellationToken)
    {
        var named = new List<SpendOfKey>();
        foreach (var key in keys.Where(key => key.Hash is { Length: > 0 }))
        {
            var row = (await QueryAsync(AliasesSql, new { hash = key.Hash }, cancellationToken)).FirstOrDefault();
            named.Add(new SpendOfKey(key.Label, row?.Alias, row?.Name, key.Dollars));
        }

        return named;
    }

    private async Task<IEnumerable<RankedRow>> QueryAsync(string sql, object parameters, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        return await connection.QueryAsync<RankedRow>(new CommandDefinition(sql, parameters, cancellationToken: cancellationToken));
    }

    private sealed class RankedRow
    {
        public byte[] Hash { get; init; } = [];
        public string Name { get; init; } = "";
        public string? Alias { get; init; }
        public string? UserId { get; init; }
        public string? TeamId { get; init; }
        public long Spend { get; init; }
        public long? MaxBudget { get; init; }
    }
}
