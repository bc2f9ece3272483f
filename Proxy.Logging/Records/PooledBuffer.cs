using System.Buffers;

namespace Proxy.Logging.Records;

/// <summary>Bytes that grow in borrowed memory: a request of a megabyte for each batch would keep the garbage collector busy with large objects.</summary>
internal sealed class PooledBuffer(int capacity, ArrayPool<byte> pool) : IBufferWriter<byte>
{
    private const int SmallestGrowth = 256;

    private byte[] _bytes = pool.Rent(capacity);

    public PooledBuffer(int capacity)
        : this(capacity, ArrayPool<byte>.Shared)
    {
    }

    public int Count { get; private set; }

    public ReadOnlyMemory<byte> Written => _bytes.AsMemory(0, Count);

    /// <summary>Forgets what stands after the first <paramref name="count"/> bytes.</summary>
    public void Truncate(int count) => Count = Math.Min(Count, count);

    /// <summary>Takes out some bytes; what stands behind them moves up.</summary>
    public void Remove(int start, int count)
    {
        _bytes.AsSpan((start + count)..Count).CopyTo(_bytes.AsSpan(start));
        Count -= count;
    }

    public void Advance(int count) => Count += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Ensure(Math.Max(sizeHint, 1));
        return _bytes.AsMemory(Count);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Ensure(Math.Max(sizeHint, 1));
        return _bytes.AsSpan(Count);
    }

    /// <summary>What is written from <paramref name="start"/> on, to write over.</summary>
    public Span<byte> SpanFrom(int start) => _bytes.AsSpan(start, Count - start);

    public void Write(ReadOnlySpan<byte> bytes)
    {
        Ensure(bytes.Length);
        bytes.CopyTo(_bytes.AsSpan(Count));
        Count += bytes.Length;
    }

    /// <summary>For whoever writes to streams.</summary>
    public Stream AsStream() => new Appender(this);

    /// <summary>Gives the memory back, which others then write to: only when nobody can be reading it any more.</summary>
    public void Return()
    {
        pool.Return(_bytes);
        _bytes = [];
        Count = 0;
    }

    private void Ensure(int room)
    {
        if (_bytes.Length - Count >= room) return;

        var larger = pool.Rent(Math.Max(_bytes.Length * 2, Count + room + SmallestGrowth));
        Written.CopyTo(larger);
        pool.Return(_bytes);
        _bytes = larger;
    }

    private sealed class Appender(PooledBuffer buffer) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => buffer.Count;

        public override long Position
        {
            get => buffer.Count;
            set => throw new NotSupportedException();
        }

        public override void Write(ReadOnlySpan<byte> bytes) => buffer.Write(bytes);

        public override void Write(byte[] bytes, int offset, int count) => buffer.Write(bytes.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override int Read(byte[] bytes, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
