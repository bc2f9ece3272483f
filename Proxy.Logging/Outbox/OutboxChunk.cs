using Proxy.Logging.Records;

namespace Proxy.Logging.Outbox;

/// <summary>Rows of one target and owner that stand one behind the other in a file, and have ids that follow each other.</summary>
internal sealed class OutboxChunk
{
    /// <summary>All of <c>outbox_chunk</c>, as it is read into this.</summary>
    public const string Columns = """
        id as Id, row_count as RowCount, target_id as TargetId, owner as Owner, created_at as CreatedAt, bytes as Bytes, file as File, place as Place, length as Length
        """;

    public long Id { get; init; }

    public long RowCount { get; init; }

    public required string TargetId { get; init; }

    public string? Owner { get; init; }

    public long CreatedAt { get; init; }

    public long Bytes { get; init; }

    public long File { get; init; }

    public long Place { get; init; }

    public long Length { get; init; }

    public bool Has(long id) => id >= Id && id < Id + RowCount;

    /// <summary>Reads its rows. For any thread.</summary>
    /// <param name="place">Where the files are.</param>
    /// <param name="room">Holds the bodies.</param>
    /// <returns>All, in the order of their ids. What cannot be read any more, since the disk has lost it, has no body.</returns>
    /// <exception cref="IOException">The file is there and cannot be read just now.</exception>
    /// <exception cref="UnauthorizedAccessException">As above.</exception>
    public IReadOnlyList<OutboxRow> Read(JournalPlace place, PooledBuffer room)
    {
        var rows = new OutboxRow[RowCount];
        for (var i = 0; i < rows.Length; i++) rows[i] = new(Id + i, CreatedAt, Owner, Body: null);

        room.Truncate(0);
        OutboxFile.Read(place.Backlog, File, Place, (int)Length, room);
        var bytes = room.Written;
        while (JournalFrame.LengthOf(bytes.Span) is > 0 and var length)
        {
            // A frame that is spoilt costs itself. What is sound may still be another's: of a file that was put in the place of this one.
            if (JournalFrame.Read(bytes.Span, File, left: null, out var found) == length && found is { } record && IsOf(record))
                rows[record.Id - Id] = new(record.Id, record.CreatedAt, Owner, bytes[(length - record.Length)..length]);
            bytes = bytes[length..];
        }

        return rows;
    }

    private bool IsOf(JournalRecord record) => Has(record.Id) && record.TargetId == TargetId && record.Owner == Owner;
}
