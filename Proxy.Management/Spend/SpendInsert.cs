using Microsoft.Data.Sqlite;
using Proxy.Management.Keys;
using Proxy.Management.Storage;
using Proxy.Management.Storage.Sqlite;

namespace Proxy.Management.Spend;

/// <summary>The statement that writes one entry.</summary>
internal sealed class SpendInsert(SqliteConnection connection) : IDisposable
{
    private const string InsertSql = """
        insert into spend_log (
            call_id, call_type, key_hash, team_id, user_id, end_user, model, upstream_model, provider, destination, outcome, status_code,
            error_type, input_tokens, cached_input_tokens, cache_write_tokens, output_tokens, reasoning_tokens, cost, is_estimated,
            is_unpriced, started_at, ended_at, first_token_at, tags, session_id, requester_ip, attempts, organization_id)
        values (
            ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27,
            ?28, ?29)
        """;

    private readonly SqliteStatement _statement = new(connection, InsertSql);

    public void Run(SpendEntry entry, long picos)
    {
        BindCaller(entry);
        BindCall(entry);
        BindUsage(entry.Usage, picos);
        BindTimes(entry);
        _statement.Run();
    }

    public void Dispose() => _statement.Dispose();

    private void BindCaller(SpendEntry entry)
    {
        Span<byte> bytes = stackalloc byte[KeyHash.Size];
        entry.CallId.TryWriteBytes(bytes, bigEndian: true, out var length);
        _statement.Bind(bytes[..length]);
        _statement.Bind(entry.CallType);
        if (entry.KeyHash is { } hash)
        {
            hash.CopyTo(bytes);
            _statement.Bind(bytes);
        }
        else
        {
            _statement.BindNull();
        }

        _statement.Bind(entry.TeamId);
        _statement.Bind(entry.UserId);
        _statement.Bind(entry.EndUser);
    }

    private void BindCall(SpendEntry entry)
    {
        _statement.Bind(entry.Model);
        _statement.Bind(entry.UpstreamModel);
        _statement.Bind(entry.Provider);
        _statement.Bind(entry.Destination);
        _statement.Bind((long)entry.Outcome);
        _statement.Bind(entry.StatusCode);
        _statement.Bind(entry.ErrorType);
    }

    private void BindUsage(in TokenUsage usage, long picos)
    {
        _statement.Bind(usage.FreshInput);
        _statement.Bind(usage.CachedInput);
        _statement.Bind(usage.CacheWrite + usage.CacheWriteHour);
        _statement.Bind(usage.AnsweredOutput);
        _statement.Bind(usage.Reasoning);
        _statement.Bind(picos);
    }

    private void BindTimes(SpendEntry entry)
    {
        _statement.Bind(entry.IsEstimated);
        _statement.Bind(entry.IsUnpriced);
        _statement.Bind(entry.StartedAt.ToUnixTimeMilliseconds());
        _statement.Bind(entry.EndedAt.ToUnixTimeMilliseconds());
        _statement.Bind(entry.FirstTokenAt?.ToUnixTimeMilliseconds());
        _statement.Bind(entry.Tags.Count == 0 ? null : Columns.FromTexts(entry.Tags));
        _statement.Bind(entry.SessionId);
        _statement.Bind(entry.RequesterIp);
        _statement.Bind(entry.Attempts);
        _statement.Bind(entry.OrganizationId);
    }
}
