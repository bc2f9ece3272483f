using System.Data;
using System.Data.Common;
using System.Runtime.CompilerServices;
using Dapper;

namespace Proxy.Logging.Outbox;

/// <summary>The one hot write: an insert that stays prepared as long as its connection lives.</summary>
internal sealed class OutboxInsert
{
    private const string InsertSql = """
        insert into outbox (target_id, created_at, body)
        values (@target_id, @created_at, @body)
        """;

    // The update heals a secret that was encrypted with keys which are lost.
    private const string InsertTargetSql = """
        insert into log_target (id, kind, host, public_key, secret_protected)
        values (@Id, @Kind, @Host, @PublicKey, @SecretProtected)
        on conflict (id) do update set secret_protected = excluded.secret_protected
        """;

    private static readonly ConditionalWeakTable<DbConnection, OutboxInsert> ByConnection = [];

    private readonly DbCommand _command;
    private readonly DbParameter _targetId;
    private readonly DbParameter _createdAt;
    private readonly DbParameter _body;

    private OutboxInsert(DbConnection connection)
    {
        _command = connection.CreateCommand();
        _command.CommandText = InsertSql;
        _targetId = AddParameter("@target_id", DbType.String);
        _createdAt = AddParameter("@created_at", DbType.Int64);
        _body = AddParameter("@body", DbType.Binary);
    }

    public static OutboxInsert On(DbConnection connection) => ByConnection.GetValue(connection, static key => new(key));

    public void Run(OutboxEntry entry, DbTransaction transaction)
    {
        _command.Transaction = transaction;
        _createdAt.Value = entry.CreatedAt;
        _body.Value = entry.Body;
        foreach (var target in entry.Targets)
        {
            if (!target.IsStored) InsertTarget(target, transaction);
            _targetId.Value = target.Id;
            _command.ExecuteNonQuery();
        }

        // The command outlives the call; the transaction and a body of up to a megabyte should not.
        _command.Transaction = null;
        _body.Value = null;
    }

    private static void InsertTarget(OutboxTarget target, DbTransaction transaction) => transaction.Connection!.Execute(
        InsertTargetSql,
        new
        {
            target.Id,
            OutboxTarget.Kind,
            Host = target.Target.Host.AbsoluteUri,
            target.Target.PublicKey,
            target.SecretProtected,
        },
        transaction);

    private DbParameter AddParameter(string name, DbType type)
    {
        var parameter = _command.CreateParameter();
        parameter.ParameterName = name;
        parameter.DbType = type;
        _command.Parameters.Add(parameter);
        return parameter;
    }
}
