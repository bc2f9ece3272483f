namespace Proxy.Logging.Outbox;

internal sealed record RowAge(long Id, long CreatedAt);

/// <summary>Rows of one target, counted.</summary>
internal sealed class CountedRows
{
    public required string TargetId { get; init; }

    public long Rows { get; init; }

    public long Bytes { get; init; }

    public long LastId { get; init; }
}

/// <param name="Id">Its name in the outbox.</param>
/// <param name="CreatedAt">Unix milliseconds.</param>
/// <param name="Owner">Whose it is.</param>
/// <param name="Body">The record; null when the disk has lost it.</param>
internal readonly record struct OutboxRow(long Id, long CreatedAt, string? Owner, ReadOnlyMemory<byte>? Body)
{
    /// <summary>How many rows stand with it, this one included, and how many bytes they have; only for the first of them.</summary>
    public (long Rows, long Bytes) Group { get; init; }
}

/// <summary>A row of the outbox, and what it takes there.</summary>
internal readonly record struct StoredRow(long Id, int Bytes);

internal sealed class TargetRow
{
    public required string Id { get; init; }

    public required string Kind { get; init; }

    public required string Host { get; init; }

    public required string PublicKey { get; init; }

    public required string SecretProtected { get; init; }

    public required string Options { get; init; }

    public bool IsTrusted { get; init; }

    public long Waiting { get; set; }

    /// <summary>Unix milliseconds; null when nothing waits.</summary>
    public long? OldestAt { get; set; }

    public long DeadLetters { get; init; }
}
