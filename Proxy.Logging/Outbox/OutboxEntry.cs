using System.Data.Common;

namespace Proxy.Logging.Outbox;

/// <summary>One record, rendered and ready to be written for each of its targets.</summary>
public sealed class OutboxEntry
{
    internal static readonly OutboxEntry Nothing = new(0, owner: null, [], makesRoom: false);

    internal OutboxEntry(long createdAt, string? owner, IReadOnlyList<OutboxPart> parts, bool makesRoom)
    {
        CreatedAt = createdAt;
        Owner = owner;
        Parts = parts;
        MakesRoom = makesRoom;
    }

    /// <summary>Nothing will be written: the call has no target.</summary>
    public bool IsEmpty => Parts.Count == 0;

    /// <summary>Unix milliseconds.</summary>
    internal long CreatedAt { get; }

    /// <summary>Whose record it is, in the words of whoever records.</summary>
    internal string? Owner { get; }

    internal IReadOnlyList<OutboxPart> Parts { get; }

    /// <summary>The disk budget is used up: the owner's oldest rows go for this one.</summary>
    internal bool MakesRoom { get; }

    /// <summary>What of the owner's rows went for this one, when it was last written.</summary>
    internal List<RemovedRow> Dropped { get; } = [];

    internal bool IsWritten { get; private set; }

    /// <summary>Adds the rows to a transaction of somebody else. May be called again when that one was rolled back.</summary>
    public void Write(DbConnection connection, DbTransaction transaction)
    {
        if (IsEmpty) return;

        Dropped.Clear();
        OutboxInsert.On(connection).Run(this, transaction);
        IsWritten = true;
    }

    /// <summary>The owner wants it no more: what was not committed yet never will be.</summary>
    public void Withdraw() => IsWritten = false;
}

/// <summary>A record as one target gets it: with or without what was said.</summary>
internal readonly record struct OutboxPart(OutboxTarget Target, byte[] Body);

/// <summary>A row that left the outbox undelivered.</summary>
internal sealed class RemovedRow
{
    public long Id { get; init; }

    public string TargetId { get; init; } = "";

    public long Bytes { get; init; }
}
