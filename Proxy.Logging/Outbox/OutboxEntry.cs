using System.Data.Common;

namespace Proxy.Logging.Outbox;

/// <summary>One record, rendered and ready to be written for each of its targets.</summary>
public sealed class OutboxEntry
{
    internal OutboxEntry(byte[] body, long createdAt, IReadOnlyList<OutboxTarget> targets)
    {
        Body = body;
        CreatedAt = createdAt;
        Targets = targets;
    }

    /// <summary>Nothing will be written: the call has no target.</summary>
    public bool IsEmpty => Targets.Count == 0;

    internal byte[] Body { get; }

    /// <summary>Unix milliseconds.</summary>
    internal long CreatedAt { get; }

    internal IReadOnlyList<OutboxTarget> Targets { get; }

    /// <summary>Adds the rows to a transaction of somebody else. May be called again when that one was rolled back.</summary>
    public void Write(DbConnection connection, DbTransaction transaction)
    {
        if (!IsEmpty) OutboxInsert.On(connection).Run(this, transaction);
    }
}
