using Proxy.Logging.Records;

namespace Proxy.Host.Answers;

/// <summary>The bytes of one body as far as they are needed: for the client until they are sent, for the ledger and the log until the end.</summary>
/// <param name="length">How long it says it will be. That is only a claim, so memory is taken as the bytes come.</param>
internal sealed class KeptBody(long? length) : IDisposable
{
    private const int MinFree = 1024;

    // Every call that waits for its commit holds a buffer (decision 97).
    private const int UsualLength = (8 * 1024) - 1;
    private const int MaxClaim = (16 * 1024) - 1;

    private byte[] _buffer = CallMemory.Pool.Rent((int)Math.Min(length ?? UsualLength, MaxClaim) + 1);
    private int _length;
    private int _sent;

    /// <summary>True when the beginning was dropped.</summary>
    public bool IsCut { get; private set; }

    public ReadOnlyMemory<byte> Memory => _buffer.AsMemory(0, _length);

    public ReadOnlyMemory<byte> Unsent => _buffer.AsMemory(_sent, _length - _sent);

    /// <summary>Room for the next read, which <see cref="Advance"/> then makes part of the body.</summary>
    public Memory<byte> Free()
    {
        if (_buffer.Length - _length < Wanted)
        {
            var larger = CallMemory.Pool.Rent(Math.Max(_buffer.Length * 2, _length + MinFree));
            Memory.CopyTo(larger);
            CallMemory.Pool.Return(_buffer);
            _buffer = larger;
        }

        return _buffer.AsMemory(_length);
    }

    /// <param name="count">What was read.</param>
    /// <param name="secret">What is to be covered, also where it lies across two reads.</param>
    public void Advance(int count, ReadOnlySpan<byte> secret)
    {
        var from = Math.Max(_sent, _length - secret.Length);
        _length += count;
        Total += count;
        SecretMask.Apply(_buffer.AsSpan(from, _length - from), secret);
    }

    /// <summary>All bytes that came, kept or not.</summary>
    public long Total { get; private set; }

    /// <summary>Room for what is still expected, and a byte more, since the end is only seen by a read.</summary>
    private long Wanted => length - Total is >= 0 and < MinFree and var rest ? rest + 1 : MinFree;

    public void MarkSent() => _sent = _length;

    /// <summary>Drops what was sent, but keeps at least the last <paramref name="tail"/> bytes.</summary>
    public void DropSent(int tail)
    {
        var dropped = Math.Min(_sent, _length - tail);
        if (dropped <= 0) return;

        _buffer.AsSpan(dropped, _length - dropped).CopyTo(_buffer);
        _length -= dropped;
        _sent -= dropped;
        IsCut = true;
    }

    public void Dispose()
    {
        CallMemory.Pool.Return(_buffer);
        _buffer = [];
    }
}
