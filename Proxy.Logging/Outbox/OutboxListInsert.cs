using System.Data.Common;

namespace Proxy.Logging.Outbox;

/// <summary>All rows of a commit in one statement, a list for each column: a server is asked once, however many calls share the commit.</summary>
internal sealed class OutboxListInsert(DbConnection connection) : IOutboxInsert
{
    // Many large bodies go in several statements: one message to the server is held in memory as a whole.
    private const long MaxBytes = 4 * 1024 * 1024;

    // Ids are given in the order of the rows.
    private const string InsertSql = """
        insert into outbox (target_id, created_at, body, owner)
        select target_id, created_at, body, owner
        from unnest(@target_ids, @created_ats, @bodies, @owners) with ordinality as x(target_id, created_at, body, owner, place)
        order by place
        returning id
        """;

    private readonly List<(OutboxEntry Entry, OutboxPart Part)> _rows = [];
    private long _bytes;

    public void Add(OutboxEntry entry, OutboxPart part, DbTransaction transaction)
    {
        _rows.Add((entry, part));
        if ((_bytes += part.Body.Length) >= MaxBytes) Flush(transaction);
    }

    public void Flush(DbTransaction transaction)
    {
        if (_rows.Count == 0) return;

        using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = InsertSql;
        AddList(command, "@target_ids", _rows.ConvertAll(row => row.Part.Target.Id).ToArray());
        AddList(command, "@created_ats", _rows.ConvertAll(row => row.Entry.CreatedAt).ToArray());
        AddList(command, "@bodies", _rows.ConvertAll(row => row.Entry.BodyOf(row.Part).ToArray()).ToArray());
        AddList(command, "@owners", _rows.ConvertAll(row => row.Entry.Owner).ToArray());

        var ids = new List<long>(_rows.Count);
        using (var reader = command.ExecuteReader())
        {
            while (reader.Read()) ids.Add(reader.GetInt64(0));
        }

        ids.Sort();
        for (var i = 0; i < ids.Count; i++) _rows[i].Part.Id = ids[i];
        Forget();
    }

    public void Forget()
    {
        _rows.Clear();
        _bytes = 0;
    }

    private static void AddList(DbCommand command, string name, Array values)
    {
        var parameter = command.CreateParameter();
        parameter.ParameterName = name;
        parameter.Value = values;
        command.Parameters.Add(parameter);
    }
}
