using System.Data.Common;
using Proxy.Management.Storage;

namespace Proxy.Management.Spend;

/// <summary>The statement that writes one entry.</summary>
internal sealed class SpendInsert(DbConnection connection) : IDisposable
{
    private const string InsertSql = """
        insert into spend_log (
            call_id, call_type, key_hash, team_id, user_id, end_user, model, upstream_model, provider, destination, outcome, status_code,
            error_type, input_tokens, cached_input_tokens, cache_write_tokens, output_tokens, reasoning_tokens, cost, is_estimated,
            is_unpriced, started_at, ended_at, first_token_at, tags, session_id, requester_ip, attempts)
        values (
            $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27,
            $28)
        """;

    private readonly PreparedCommand _command = new(
        connection,
        InsertSql,
        "$1", "$2", "$3", "$4", "$5", "$6", "$7", "$8", "$9", "$10", "$11", "$12", "$13", "$14", "$15", "$16", "$17", "$18", "$19", "$20",
        "$21", "$22", "$23", "$24", "$25", "$26", "$27", "$28");

    public void Run(DbTransaction transaction, SpendEntry entry, long picos) => _command.Run(
        transaction,
        entry.CallId.ToByteArray(bigEndian: true), entry.CallType, entry.KeyHash?.ToArray(), entry.TeamId, entry.UserId, entry.EndUser,
        entry.Model, entry.UpstreamModel, entry.Provider, entry.Destination, (long)entry.Outcome, (long)entry.StatusCode, entry.ErrorType,
        entry.Usage.Input, entry.Usage.CachedInput, entry.Usage.CacheWrite, entry.Usage.Output, entry.Usage.Reasoning, picos,
        entry.IsEstimated ? 1L : 0L, entry.IsUnpriced ? 1L : 0L, entry.StartedAt.ToUnixTimeMilliseconds(),
        entry.EndedAt.ToUnixTimeMilliseconds(), entry.FirstTokenAt?.ToUnixTimeMilliseconds(),
        entry.Tags.Count == 0 ? null : Columns.FromTexts(entry.Tags), entry.SessionId, entry.RequesterIp, (long)entry.Attempts);

    public void Dispose() => _command.Dispose();
}
