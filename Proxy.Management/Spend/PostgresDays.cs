using Npgsql;

namespace Proxy.Management.Spend;

/// <summary>The sums of days of a group, turned: a list for each column.</summary>
/// <remarks>Two names may be one once they are cleaned, and a row cannot be met twice by one statement, so they are grouped again.</remarks>
internal sealed class PostgresDays
{
    private const string SumColumns = "requests, successes, prompt_tokens, completion_tokens, cached_tokens, cache_write_tokens, spend";

    private const string AddSql = """
        requests = d.requests + excluded.requests, successes = d.successes + excluded.successes,
            prompt_tokens = d.prompt_tokens + excluded.prompt_tokens, completion_tokens = d.completion_tokens + excluded.completion_tokens,
            cached_tokens = d.cached_tokens + excluded.cached_tokens, cache_write_tokens = d.cache_write_tokens + excluded.cache_write_tokens,
            spend = d.spend + excluded.spend
        """;

    private const string AddToDaySql = $"""
        insert into spend_day as d (day, key_hash, team_id, user_id, organization_id, model, upstream_model, provider, {SumColumns})
        select *
        from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
        on conflict (day, key_hash, team_id, user_id, organization_id, model, upstream_model, provider) do update set {AddSql}
        """;

    private const string AddToAccountDaySql = $"""
        insert into account_day as d (kind, id, day, model, {SumColumns})
        select *
        from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        on conflict (kind, id, day, model) do update set {AddSql}
        """;

    private readonly List<(SpendDay Day, DaySum Sum)> _days = [];
    private readonly List<(AccountDay Day, DaySum Sum)> _accounts = [];

    public void Add(in SpendDay day, in DaySum sum) => _days.Add((
        day with
        {
            TeamId = PostgresSpendColumns.Clean(day.TeamId),
            UserId = PostgresSpendColumns.Clean(day.UserId),
            OrganizationId = PostgresSpendColumns.Clean(day.OrganizationId),
            Model = PostgresSpendColumns.Clean(day.Model),
            UpstreamModel = PostgresSpendColumns.Clean(day.UpstreamModel),
            Provider = PostgresSpendColumns.Clean(day.Provider),
        },
        sum));

    public void Add(in AccountDay day, in DaySum sum) => _accounts.Add((
        new AccountDay(day.Account with { Id = PostgresSpendColumns.Clean(day.Account.Id) }, day.Day, PostgresSpendColumns.Clean(day.Model)), sum));

    public void AddTo(NpgsqlBatch batch)
    {
        if (_days.Count > 0)
        {
            var rows = Grouped(_days);
            PostgresSpend.Add(
                batch, AddToDaySql,
                [
                    Column(rows, day => day.Day),
                    Column(rows, day => day.KeyHash?.ToArray() ?? []),
                    Column(rows, day => day.TeamId),
                    Column(rows, day => day.UserId),
                    Column(rows, day => day.OrganizationId),
                    Column(rows, day => day.Model),
                    Column(rows, day => day.UpstreamModel),
                    Column(rows, day => day.Provider),
                    .. Sums(rows),
                ]);
        }

        if (_accounts.Count > 0)
        {
            var rows = Grouped(_accounts);
            PostgresSpend.Add(
                batch, AddToAccountDaySql,
                [
                    Column(rows, day => day.Account.Scope),
                    Column(rows, day => day.Account.Id),
                    Column(rows, day => day.Day),
                    Column(rows, day => day.Model),
                    .. Sums(rows),
                ]);
        }
    }

    public void Clear()
    {
        _days.Clear();
        _accounts.Clear();
    }

    private static List<(T Day, DaySum Sum)> Grouped<T>(List<(T Day, DaySum Sum)> rows) =>
        [.. rows.GroupBy(row => row.Day).Select(same => (same.Key, same.Select(row => row.Sum).Aggregate((left, right) => left + right)))];

    private static TValue[] Column<T, TValue>(List<(T Day, DaySum Sum)> rows, Func<T, TValue> value) => rows.Select(row => value(row.Day)).ToArray();

    private static long[][] Sums<T>(List<(T Day, DaySum Sum)> rows)
    {
        Func<DaySum, long>[] columns =
        [
            sum => sum.Requests, sum => sum.Successes, sum => sum.PromptTokens, sum => sum.CompletionTokens, sum => sum.CachedTokens,
            sum => sum.CacheWriteTokens, sum => checked((long)sum.Spend),
        ];
        return [.. columns.Select(column => rows.Select(row => column(row.Sum)).ToArray())];
    }
}
