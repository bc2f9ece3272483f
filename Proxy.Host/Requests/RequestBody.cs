using Proxy.Logging.Records;

namespace Proxy.Host.Requests;

/// <summary>The bytes of one call's body, in pooled memory. Whoever holds it disposes it, and nobody keeps a slice beyond that.</summary>
internal sealed class RequestBody : IDisposable
{
    private byte[]? _buffer;

    public RequestBody(byte[] rented, int length)
    {
        _buffer = rented;
        Length = length;
    }

    public int Length { get; }

    public ReadOnlyMemory<byte> Memory => _buffer.AsMemory(0, Length);

    public ReadOnlySpan<byte> Span => _buffer.AsSpan(0, Length);

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _buffer, null) is { } rented) CallMemory.Pool.Return(rented);
    }
}
