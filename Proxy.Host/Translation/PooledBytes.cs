using System.Buffers;

namespace Proxy.Host.Translation;

/// <summary>Bytes as they are written, in pooled memory. Nobody keeps a slice beyond its end.</summary>
internal sealed class PooledBytes(int firstRent) : IBufferWriter<byte>, IDisposable
{
    private const int MinFree = 256;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(firstRent);
    private int _length;

    public ReadOnlyMemory<byte> Written => _buffer.AsMemory(0, _length);

    public void Advance(int count) => _length += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (_buffer.Length - _length < Math.Max(sizeHint, MinFree)) Grow(Math.Max(sizeHint, MinFree));
        return _buffer.AsMemory(_length);
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public void Dispose()
    {
        if (_buffer.Length > 0) ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
        _length = 0;
    }

    private void Grow(int needed)
    {
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(checked(_length + needed), (int)Math.Min(2L * _buffer.Length, Array.MaxLength)));
        Written.CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }
}
