using Microsoft.Data.Sqlite;
using Proxy.Management.Keys;
using Proxy.Management.Storage.Sqlite;

namespace Proxy.Management.Spend;

/// <summary>The statements that add to the sums of days.</summary>
internal sealed class SqliteDays(SqliteConnection connection) : IDisposable
{
    private const string AddSql = """
        requests = requests + excluded.requests, successes = successes + excluded.successes,
            prompt_tokens = prompt_tokens + excluded.prompt_tokens, completion_tokens = completion_tokens + excluded.completion_tokens,
            cached_tokens = cached_tokens + excluded.cached_tokens, cache_write_tokens = cache_write_tokens + excluded.cache_write_tokens,
            spend = spend + excluded.spend
        """;

    private const string AddToDaySql = $"""
        insert into spend_day (
            day, key_hash, team_id, user_id, organization_id, model, upstream_model, provider,
            requests, successes, prompt_tokens, completion_tokens, cached_tokens, cache_write_tokens, spend)
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
        on conflict (day, key_hash, team_id, user_id, organization_id, model, upstream_model, provider) do update set {AddSql}
        """;

    private const string AddToAccountDaySql = $"""
        insert into account_day (
            kind, id, day, model, requests, successes, prompt_tokens, completion_tokens, cached_tokens, cache_write_tokens, spend)
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
        on conflict (kind, id, day, model) do update set {AddSql}
        """;

    private readonly SqliteStatement _addToDay = new(connection, AddToDaySql);
    private readonly SqliteStatement _addToAccountDay = new(connection, AddToAccountDaySql);

    public void Add(in SpendDay day, in DaySum sum)
    {
        // Before anything is bound.
        var spend = checked((long)sum.Spend);
        Span<byte> bytes = stackalloc byte[KeyHash.Size];
        day.KeyHash?.CopyTo(bytes);
        _addToDay.Bind(day.Day);
        _addToDay.Bind(bytes[..(day.KeyHash is null ? 0 : KeyHash.Size)]);
        _addToDay.Bind(day.TeamId);
        _addToDay.Bind(day.UserId);
        _addToDay.Bind(day.OrganizationId);
        _addToDay.Bind(day.Model);
        _addToDay.Bind(day.UpstreamModel);
        _addToDay.Bind(day.Provider);
        Run(_addToDay, sum, spend);
    }

    public void Add(in AccountDay day, in DaySum sum)
    {
        var spend = checked((long)sum.Spend);
        _addToAccountDay.Bind(day.Account.Scope);
        _addToAccountDay.Bind(day.Account.Id);
        _addToAccountDay.Bind(day.Day);
        _addToAccountDay.Bind(day.Model);
        Run(_addToAccountDay, sum, spend);
    }

    public void Dispose()
    {
        _addToDay.Dispose();
        _addToAccountDay.Dispose();
    }

    private static void Run(SqliteStatement statement, in DaySum sum, long spend)
    {
        statement.Bind(sum.Requests);
        statement.Bind(sum.Successes);
        statement.Bind(sum.PromptTokens);
        statement.Bind(sum.CompletionTokens);
        statement.Bind(sum.CachedTokens);
        statement.Bind(sum.CacheWriteTokens);
        statement.Bind(spend);
        statement.Run();
    }
}
