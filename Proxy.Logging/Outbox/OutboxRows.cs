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

internal readonly record struct OutboxRow(long Id, byte[] Body, string? Owner);

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
