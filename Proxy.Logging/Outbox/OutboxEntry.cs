using System.Data.Common;
using Proxy.Logging.Records;

namespace Proxy.Logging.Outbox;

/// <summary>One record, written as each of its targets gets it and ready to be stored.</summary>
public sealed class OutboxEntry
{
    internal static readonly OutboxEntry Nothing = new(null!, new(Guid.Empty, default), 0, owner: null, new PooledBuffer(0), [], makesRoom: false);

    private readonly OutboxWriter _writer;
    private readonly PooledBuffer _bytes;

    // Only a full disk has any.
    private List<RemovedRow>? _dropped;

    /// <remarks><paramref name="bytes"/> are the entry's from now on, until it is <see cref="Release">released</see>.</remarks>
    internal OutboxEntry(OutboxWriter writer, RecordName record, long createdAt, string? owner, PooledBuffer bytes, IReadOnlyList<OutboxPart> parts, bool makesRoom)
    {
        (_writer, _bytes) = (writer, bytes);
        Record = record;
        CreatedAt = createdAt;
        Owner = owner;
        Parts = parts;
        MakesRoom = makesRoom;
    }

    /// <summary>Nothing will be written: the call has no target.</summary>
    public bool IsEmpty => Parts.Count == 0;

    internal RecordName Record { get; }

    /// <summary>Unix milliseconds.</summary>
    internal long CreatedAt { get; }

    /// <summary>Whose record it is, in the words of whoever records.</summary>
    internal string? Owner { get; }

    internal IReadOnlyList<OutboxPart> Parts { get; }

    /// <summary>The disk budget is used up: the owner's oldest rows go for this one.</summary>
    internal bool MakesRoom { get; }

    /// <summary>What of the owner's rows went for this one, when it was last written.</summary>
    internal IReadOnlyList<RemovedRow> Dropped => _dropped ?? [];

    internal bool IsWritten { get; private set; }

    /// <summary>Adds the rows to a transaction of somebody else. May be called again when that one was rolled back.</summary>
    public void Write(DbConnection connection, DbTransaction transaction)
    {
        if (IsEmpty) return;

        _dropped = null;
        _writer.Write(this, connection, transaction);
        IsWritten = true;
    }

    /// <summary>To be called on any entry of a transaction, after the last of them was written and before the commit.</summary>
    public void Flush(DbTransaction transaction) => _writer?.Flush(transaction);

    /// <summary>To be called on any entry of a transaction that was rolled back.</summary>
    public void Forget() => _writer?.Forget();

    /// <summary>The owner wants it no more: what was not committed yet never will be.</summary>
    public void Withdraw() => IsWritten = false;

    /// <summary>One of the owner's rows went for this one.</summary>
    internal void Drop(RemovedRow row) => (_dropped ??= []).Add(row);

    /// <summary>As it waits in the outbox.</summary>
    internal ReadOnlyMemory<byte> BodyOf(OutboxPart part) => _bytes.Written.Slice(part.Body.Start, part.Body.Length);

    /// <summary>As the target takes it; empty where that was not known.</summary>
    internal ReadOnlyMemory<byte> RenderedOf(OutboxPart part) => _bytes.Written.Slice(part.Rendered.Start, part.Rendered.Length);

    /// <summary>Gives back the memory, which others then write to. Who asks for a body afterwards gets an exception, and not somebody else's prompt.</summary>
    internal void Release() => _bytes.Return();
}

/// <summary>A record as one target gets it: with or without what was said.</summary>
/// <param name="Target">Where it goes.</param>
/// <param name="Body">Where in the entry it stands as it waits in the outbox.</param>
/// <param name="Format">How it is written for the target; null where that was not known.</param>
/// <param name="Rendered">Where it stands as the target takes it.</param>
internal sealed record OutboxPart(OutboxTarget Target, Slice Body, BatchFormat? Format, Slice Rendered)
{
    /// <summary>The row's, once it is written.</summary>
    public long Id { get; set; }
}

internal readonly record struct Slice(int Start, int Length);

/// <summary>What names of records and of objects in buckets are made of.</summary>
internal readonly record struct RecordName(Guid Id, DateTimeOffset EndedAt);

/// <summary>A row that left the outbox undelivered, or a chunk of them.</summary>
internal sealed class RemovedRow
{
    /// <summary>The first one's.</summary>
    public long Id { get; init; }

    public string TargetId { get; init; } = "";

    /// <summary>How many rows there were.</summary>
    public long Rows { get; init; } = 1;

    public long Bytes { get; init; }

    /// <summary>In which file a chunk was.</summary>
    public long? File { get; init; }
}
