using System.Data;
using System.Data.Common;
using System.Runtime.CompilerServices;
using Dapper;

namespace Proxy.Logging.Outbox;

/// <summary>The one hot write: an insert that stays prepared as long as its connection lives.</summary>
internal sealed class OutboxInsert
{
    private const int DroppedAtOnce = 16;

    private const string InsertSql = """
        insert into outbox (target_id, created_at, body, owner)
        values (@target_id, @created_at, @body, @owner)
        """;

    // The update heals a secret that was encrypted with keys which are lost.
    private const string InsertTargetSql = """
        insert into log_target (id, kind, host, public_key, secret_protected, options, is_trusted)
        values (@Id, @Kind, @Host, @PublicKey, @SecretProtected, @Options, @IsTrusted)
        on conflict (id) do update set secret_protected = excluded.secret_protected
        """;

    private const string OldestSql = """
        select id as Id, target_id as TargetId, length(body) as Bytes
        from outbox
        where target_id = @targetId and owner is not distinct from @owner
        order by id
        limit @limit
        """;

    private const string DropSql = """
        delete from outbox
        where id = @Id
        """;

    private static readonly ConditionalWeakTable<DbConnection, OutboxInsert> ByConnection = [];

    private readonly DbCommand _command;
    private readonly DbParameter _targetId;
    private readonly DbParameter _createdAt;
    private readonly DbParameter _body;
    private readonly DbParameter _owner;

    private OutboxInsert(DbConnection connection)
    {
        _command = connection.CreateCommand();
        _command.CommandText = InsertSql;
        _targetId = AddParameter("@target_id", DbType.String);
        _createdAt = AddParameter("@created_at", DbType.Int64);
        _body = AddParameter("@body", DbType.Binary);
        _owner = AddParameter("@owner", DbType.String);
    }

    public static OutboxInsert On(DbConnection connection) => ByConnection.GetValue(connection, static key => new(key));

    public void Run(OutboxEntry entry, DbTransaction transaction)
    {
        _command.Transaction = transaction;
        _createdAt.Value = entry.CreatedAt;
        _owner.Value = (object?)entry.Owner ?? DBNull.Value;
        foreach (var part in entry.Parts)
        {
            if (!part.Target.IsStored) InsertTarget(part.Target, transaction);
            if (entry.MakesRoom) DropOldest(entry, part, transaction);
            _targetId.Value = part.Target.Id;
            _body.Value = part.Body;
            _command.ExecuteNonQuery();
        }

        // The command outlives the call; the transaction and a body of up to a megabyte should not.
        _command.Transaction = null;
        _body.Value = null;
    }

    private static void DropOldest(OutboxEntry entry, OutboxPart part, DbTransaction transaction)
    {
        long freed = 0;
        var connection = transaction.Connection!;
        foreach (var row in connection.Query<RemovedRow>(OldestSql, new { targetId = part.Target.Id, owner = entry.Owner, limit = DroppedAtOnce }, transaction))
        {
            connection.Execute(DropSql, row, transaction);
            entry.Dropped.Add(row);
            if ((freed += row.Bytes) >= part.Body.Length) return;
        }
    }

    private static void InsertTarget(OutboxTarget target, DbTransaction transaction) => transaction.Connection!.Execute(
        InsertTargetSql,
        new
        {
            target.Id,
            target.Target.Kind,
            Host = target.Target.Host.AbsoluteUri,
            target.Target.PublicKey,
            target.SecretProtected,
            target.Target.Options,
            IsTrusted = target.Target.IsTrusted ? 1 : 0,
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
