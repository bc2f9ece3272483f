using System.Data.Common;
using System.Text;
using Microsoft.Data.Sqlite;
using Proxy.Management.Budgets;
using Proxy.Management.Keys;
using Proxy.Management.Storage;

namespace Proxy.Management.Spend;

/// <summary>The calls that are in the book and in no sum yet, as a row of <c>spend_unsummed</c> has them, and as they are read after a crash.</summary>
/// <remarks>A row says which calls, and what the book does not say of them; the rest is in the book.</remarks>
internal static class UnsummedCalls
{
    private const int AtOnce = 500;

    private const string ListSql = "select id, calls from spend_unsummed order by id";

    private const string FindSql = """
        select call_id, cost, started_at, outcome, input_tokens, cached_input_tokens, cache_write_tokens, output_tokens, reasoning_tokens,
            key_hash, team_id, user_id, organization_id, end_user, tags, model, upstream_model, provider
        from spend_log
        where call_id in
        """;

    public static byte[] ToRow(List<Charge> charges)
    {
        var bytes = new MemoryStream(64 * charges.Count);
        using var row = new BinaryWriter(bytes);
        Span<byte> id = stackalloc byte[16];
        foreach (var charge in charges)
        {
            charge.Entry.CallId.TryWriteBytes(id, bigEndian: true, out _);
            row.Write(id);
            row.Write7BitEncodedInt(charge.Others.Length);
            foreach (var other in charge.Others)
            {
                row.Write(other.Scope);
                row.Write(other.Id);
            }
        }

        return bytes.ToArray();
    }

    /// <summary>All of them whose entry is still in the book.</summary>
    /// <returns>Also the id of the last row.</returns>
    public static (IReadOnlyList<Charge> Charges, long LastRow) Read(DbConnection connection, DbTransaction transaction)
    {
        var (calls, lastRow) = ReadRows(connection, transaction);
        return ([.. calls.Chunk(AtOnce).SelectMany(some => Find(connection, transaction, some))], lastRow);
    }

    private static List<Charge> Find(DbConnection connection, DbTransaction transaction, KeyValuePair<Guid, AccountId[]>[] calls)
    {
        var others = calls.ToDictionary();
        using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = $"{FindSql} ({string.Join(", ", calls.Select((_, index) => $"@p{index}"))})";
        for (var index = 0; index < calls.Length; index++)
        {
            var parameter = command.CreateParameter();
            (parameter.ParameterName, parameter.Value) = ($"@p{index}", calls[index].Key.ToByteArray(bigEndian: true));
            command.Parameters.Add(parameter);
        }

        var charges = new List<Charge>();
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            var entry = ToEntry(reader);
            charges.Add(new Charge(entry, reader.GetInt64(1), others[entry.CallId]));
        }

        return charges;
    }

    private static (Dictionary<Guid, AccountId[]> Calls, long LastRow) ReadRows(DbConnection connection, DbTransaction transaction)
    {
        var (calls, lastRow) = (new Dictionary<Guid, AccountId[]>(), 0L);
        using var command = connection.CreateCommand();
        (command.Transaction, command.CommandText) = (transaction, ListSql);
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            lastRow = reader.GetInt64(0);
            using var row = new BinaryReader(new MemoryStream(reader.GetFieldValue<byte[]>(1)));
            while (row.BaseStream.Position < row.BaseStream.Length)
            {
                var id = new Guid(row.ReadBytes(16), bigEndian: true);
                var others = new AccountId[row.Read7BitEncodedInt()];
                for (var i = 0; i < others.Length; i++) others[i] = new AccountId(AccountRow.KindOf(row.ReadString()), row.ReadString());
                calls[id] = others;
            }
        }

        return (calls, lastRow);
    }

    /// <summary>As much of it as is summed.</summary>
    private static SpendEntry ToEntry(DbDataReader row) => new()
    {
        CallId = new Guid(row.GetFieldValue<byte[]>(0), bigEndian: true),
        CallType = "",
        StatusCode = 0,
        StartedAt = Columns.ToMoment(row.GetInt64(2)),
        EndedAt = default,
        Outcome = (SpendOutcome)row.GetInt64(3),
        Usage = new TokenUsage(row.GetInt64(4), row.GetInt64(5), row.GetInt64(6), row.GetInt64(7), row.GetInt64(8)),
        KeyHash = row.IsDBNull(9) ? null : new KeyHash(row.GetFieldValue<byte[]>(9)),
        TeamId = Text(row, 10),
        UserId = Text(row, 11),
        OrganizationId = Text(row, 12),
        EndUser = Text(row, 13),
        Tags = Text(row, 14) is { } tags ? Columns.ToTexts(tags) : [],
        Model = Text(row, 15)!,
        UpstreamModel = Text(row, 16),
        Provider = Text(row, 17),
    };

    /// <remarks>SQLite's reader ends a text at its first zero, and would count one caller's name for another's.</remarks>
    private static string? Text(DbDataReader row, int column) =>
        row.IsDBNull(column) ? null
        : row is SqliteDataReader ? Encoding.UTF8.GetString(row.GetFieldValue<byte[]>(column))
        : row.GetString(column);
}
