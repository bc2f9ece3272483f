using System.Data;
using System.Data.Common;
using System.Globalization;

namespace Proxy.Logging.Outbox;

/// <summary>Row by row, where a statement costs no way to a server: prepared as long as its connection lives.</summary>
internal sealed class OutboxRowInsert : IOutboxInsert
{
    private const string InsertSql = """
        insert into outbox (target_id, created_at, body, owner)
        values (@target_id, @created_at, @body, @owner)
        returning id
        """;

    private readonly DbCommand _command;
    private readonly DbParameter _targetId;
    private readonly DbParameter _createdAt;
    private readonly DbParameter _body;
    private readonly DbParameter _owner;

    public OutboxRowInsert(DbConnection connection)
    {
        _command = connection.CreateCommand();
        _command.CommandText = InsertSql;
        _targetId = AddParameter("@target_id", DbType.String);
        _createdAt = AddParameter("@created_at", DbType.Int64);
        _body = AddParameter("@body", DbType.Binary);
        _owner = AddParameter("@owner", DbType.String);
    }

    public void Add(OutboxEntry entry, OutboxPart part, DbTransaction transaction)
    {
        _command.Transaction = transaction;
        _targetId.Value = part.Target.Id;
        _createdAt.Value = entry.CreatedAt;
        _body.Value = part.Body;
        _owner.Value = (object?)entry.Owner ?? DBNull.Value;
        part.Id = Convert.ToInt64(_command.ExecuteScalar(), CultureInfo.InvariantCulture);

        // The command outlives the call; the transaction and a body of up to a megabyte should not.
        _command.Transaction = null;
        _body.Value = null;
    }

    public void Flush(DbTransaction transaction)
    {
    }

    public void Forget()
    {
    }

    private DbParameter AddParameter(string name, DbType type)
    {
        var parameter = _command.CreateParameter();
        parameter.ParameterName = name;
        parameter.DbType = type;
        _command.Parameters.Add(parameter);
        return parameter;
    }
}
