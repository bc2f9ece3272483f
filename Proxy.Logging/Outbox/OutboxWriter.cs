using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using Dapper;

namespace Proxy.Logging.Outbox;

/// <summary>Writes rows of entries into transactions of somebody else.</summary>
/// <remarks>Touched by the writer's thread only.</remarks>
internal sealed class OutboxWriter(IOutboxDatabase database, OutboxJournal journal)
{
    private const int DroppedAtOnce = 16;

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

    private DbConnection? _connection;
    private IOutboxInsert? _insert;

    public void Write(OutboxEntry entry, DbConnection connection, DbTransaction transaction)
    {
        Prepare(connection);
        foreach (var part in entry.Parts)
        {
            if (!part.Target.IsStored) InsertTarget(part.Target, transaction);
            if (entry.MakesRoom) DropOldest(entry, part, transaction);
            _insert.Add(entry, part, transaction);
        }
    }

    /// <summary>What was only collected goes to the database.</summary>
    public void Flush(DbTransaction transaction) => _insert?.Flush(transaction);

    /// <summary>The transaction was rolled back.</summary>
    public void Forget() => _insert?.Forget();

    [MemberNotNull(nameof(_insert))]
    private void Prepare(DbConnection connection)
    {
        if (ReferenceEquals(_connection, connection) && _insert is not null) return;

        _connection = connection;
        _insert = database.TakesLists ? new OutboxListInsert(connection) : journal;
    }

    private void DropOldest(OutboxEntry entry, OutboxPart part, DbTransaction transaction)
    {
        journal.Begin(transaction);
        journal.MoveTarget(part.Target.Id);
        long freed = 0;
        if (journal.IsUsed && journal.Backlog.RemoveOldest(part.Target.Id, entry.Owner, transaction) is { } gone)
        {
            entry.Drop(gone);
            if ((freed += gone.Bytes) >= part.Body.Length) return;
        }

        var connection = transaction.Connection!;
        foreach (var row in connection.Query<RemovedRow>(OldestSql, new { targetId = part.Target.Id, owner = entry.Owner, limit = DroppedAtOnce }, transaction))
        {
            connection.Execute(DropSql, row, transaction);
            entry.Drop(row);
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
}

/// <summary>The one hot write.</summary>
internal interface IOutboxInsert
{
    /// <summary>Writes the row, or keeps it for <see cref="Flush"/>; then the part knows its id.</summary>
    void Add(OutboxEntry entry, OutboxPart part, DbTransaction transaction);

    void Flush(DbTransaction transaction);

    void Forget();
}
