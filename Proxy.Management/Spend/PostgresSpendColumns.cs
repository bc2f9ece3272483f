using Npgsql;
using NpgsqlTypes;

namespace Proxy.Management.Spend;

/// <summary>The entries of a group, turned: a list for each column.</summary>
internal sealed class PostgresSpendColumns
{
    private static readonly (string Name, NpgsqlDbType Type, Func<SpendEntry, long, object?> Value)[] Columns =
    [
        ("call_id", NpgsqlDbType.Bytea, (entry, _) => entry.CallId.ToByteArray(bigEndian: true)),
        ("call_type", NpgsqlDbType.Text, (entry, _) => entry.CallType),
        ("key_hash", NpgsqlDbType.Bytea, (entry, _) => entry.KeyHash?.ToArray()),
        ("team_id", NpgsqlDbType.Text, (entry, _) => entry.TeamId),
        ("user_id", NpgsqlDbType.Text, (entry, _) => entry.UserId),
        ("end_user", NpgsqlDbType.Text, (entry, _) => entry.EndUser),
        ("model", NpgsqlDbType.Text, (entry, _) => entry.Model),
        ("upstream_model", NpgsqlDbType.Text, (entry, _) => entry.UpstreamModel),
        ("provider", NpgsqlDbType.Text, (entry, _) => entry.Provider),
        ("destination", NpgsqlDbType.Text, (entry, _) => entry.Destination),
        ("outcome", NpgsqlDbType.Bigint, (entry, _) => (long)entry.Outcome),
        ("status_code", NpgsqlDbType.Bigint, (entry, _) => (long)entry.StatusCode),
        ("error_type", NpgsqlDbType.Text, (entry, _) => entry.ErrorType),
        ("input_tokens", NpgsqlDbType.Bigint, (entry, _) => entry.Usage.FreshInput),
        ("cached_input_tokens", NpgsqlDbType.Bigint, (entry, _) => entry.Usage.CachedInput),
        ("cache_write_tokens", NpgsqlDbType.Bigint, (entry, _) => entry.Usage.CacheWrite + entry.Usage.CacheWriteHour),
        ("output_tokens", NpgsqlDbType.Bigint, (entry, _) => entry.Usage.AnsweredOutput),
        ("reasoning_tokens", NpgsqlDbType.Bigint, (entry, _) => entry.Usage.Reasoning),
        ("cost", NpgsqlDbType.Bigint, (_, picos) => picos),
        ("is_estimated", NpgsqlDbType.Bigint, (entry, _) => entry.IsEstimated ? 1L : 0L),
        ("is_unpriced", NpgsqlDbType.Bigint, (entry, _) => entry.IsUnpriced ? 1L : 0L),
        ("started_at", NpgsqlDbType.Bigint, (entry, _) => entry.StartedAt.ToUnixTimeMilliseconds()),
        ("ended_at", NpgsqlDbType.Bigint, (entry, _) => entry.EndedAt.ToUnixTimeMilliseconds()),
        ("first_token_at", NpgsqlDbType.Bigint, (entry, _) => entry.FirstTokenAt?.ToUnixTimeMilliseconds()),
        ("tags", NpgsqlDbType.Text, (entry, _) => entry.Tags.Count == 0 ? null : Storage.Columns.FromTexts(entry.Tags)),
        ("session_id", NpgsqlDbType.Text, (entry, _) => entry.SessionId),
        ("requester_ip", NpgsqlDbType.Text, (entry, _) => entry.RequesterIp),
        ("attempts", NpgsqlDbType.Bigint, (entry, _) => (long)entry.Attempts),
        ("organization_id", NpgsqlDbType.Text, (entry, _) => entry.OrganizationId),
    ];

    private static readonly string InsertSql = $"""
        insert into spend_log ({string.Join(", ", Columns.Select(column => column.Name))})
        select *
        from unnest({string.Join(", ", Columns.Select((_, index) => $"${index + 1}"))})
        """;

    private readonly List<(SpendEntry Entry, long Picos)> _entries = [];

    public int Count => _entries.Count;

    public void Add(SpendEntry entry, long picos) => _entries.Add((entry, picos));

    public void Clear() => _entries.Clear();

    public NpgsqlBatchCommand ToCommand()
    {
        var command = new NpgsqlBatchCommand(InsertSql);
        foreach (var column in Columns) command.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Array | column.Type, Value = ToArray(column) });
        return command;
    }

    /// <summary>PostgreSQL has no text with a zero in it, and takes only whole characters. Callers choose some of these texts, and their call has been paid for.</summary>
    public static string Clean(string text) => text.Contains('\0') || HasHalfCharacter(text)
        ? string.Concat(text.EnumerateRunes().Select(rune => rune.Value == 0 ? "\uFFFD" : rune.ToString()))
        : text;

    private static bool HasHalfCharacter(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i])) continue;
            if (i + 1 == text.Length || !char.IsSurrogatePair(text[i], text[i + 1])) return true;
            i++;
        }

        return false;
    }

    private Array ToArray((string Name, NpgsqlDbType Type, Func<SpendEntry, long, object?> Value) column)
    {
        var values = _entries.Select(item => column.Value(item.Entry, item.Picos));
        return column.Type switch
        {
            NpgsqlDbType.Bytea => values.Select(value => (byte[]?)value).ToArray(),
            NpgsqlDbType.Text => values.Select(value => value is null ? null : Clean((string)value)).ToArray(),
            _ => values.Select(value => (long?)value).ToArray(),
        };
    }
}
