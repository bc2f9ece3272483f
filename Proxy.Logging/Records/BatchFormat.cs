namespace Proxy.Logging.Records;

/// <summary>How records become one request: what stands before, between and after them.</summary>
internal abstract class BatchFormat
{
    public ReadOnlyMemory<byte> Head { get; protected init; }

    public ReadOnlyMemory<byte> Separator { get; protected init; }

    public ReadOnlyMemory<byte> Tail { get; protected init; }

    public bool IsCompressed { get; protected init; }

    public abstract void Write(PooledBuffer output, CompletionRecord record, LogTarget target);
}
