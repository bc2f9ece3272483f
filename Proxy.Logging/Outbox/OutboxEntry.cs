using System.Data.Common;
using Proxy.Logging.Records;

namespace Proxy.Logging.Outbox;

/// <summary>One record, rendered and ready to be written for each of its targets.</summary>
public sealed class OutboxEntry
{
    internal static readonly OutboxEntry Nothing = new(null!, 0, owner: null, [], makesRoom: false);

    private readonly OutboxWriter _writer;

    internal OutboxEntry(OutboxWriter writer, long createdAt, string? owner, IReadOnlyList<OutboxPart> parts, bool makesRoom)
    {
        _writer = writer;
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
        _writer.Write(this, connection, transaction);
        IsWritten = true;
    }

    /// <summary>To be called on any entry of a transaction, after the last of them was written and before the commit.</summary>
    public void Flush(DbTransaction transaction) => _writer?.Flush(transaction);

    /// <summary>To be called on any entry of a transaction that was rolled back.</summary>
    public void Forget() => _writer?.Forget();

    /// <summary>The owner wants it no more: what was not committed yet never will be.</summary>
    public void Withdraw() => IsWritten = false;
}

/// <summary>A record as one target gets it: with or without what was said.</summary>
/// <param name="Target">Where it goes.</param>
/// <param name="Body">As it waits in the outbox.</param>
/// <param name="Record">What <paramref name="Body"/> says; its texts are slices of it.</param>
internal sealed record OutboxPart(OutboxTarget Target, byte[] Body, CompletionRecord Record)
{
    /// <summary>The row's, once it is written.</summary>
    public long Id { get; set; }
}

/// <summary>A row that left the outbox undelivered.</summary>
internal sealed class RemovedRow
{
    public long Id { get; init; }

    public string TargetId { get; init; } = "";

    public long Bytes { get; init; }
}
