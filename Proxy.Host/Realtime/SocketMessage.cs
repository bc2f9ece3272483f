using System.Buffers;
using System.Net.WebSockets;

namespace Proxy.Host.Realtime;

/// <summary>Reads the messages of one socket, each whole, into pooled memory that serves them all.</summary>
internal sealed class SocketMessage(WebSocket socket, int limit) : IDisposable
{
    private const int MinFree = 1024;

    /// <summary>What is kept of memory between two messages.</summary>
    private const int MaxIdle = 64 * 1024;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(8 * 1024);
    private int _length;

    public WebSocketMessageType Type { get; private set; }

    /// <summary>True when the message was longer than may be kept; what was read of it is of no use.</summary>
    public bool IsTooLong { get; private set; }

    public Memory<byte> Memory => _buffer.AsMemory(0, _length);

    /// <returns>False when the other side closes.</returns>
    public async ValueTask<bool> ReadAsync(CancellationToken cancellationToken)
    {
        _length = 0;
        if (_buffer.Length > MaxIdle) Exchange(MaxIdle);
        while (true)
        {
            if (_buffer.Length - _length < MinFree) Exchange(_buffer.Length * 2);
            var result = await socket.ReceiveAsync(_buffer.AsMemory(_length), cancellationToken);
            if (result.MessageType == WebSocketMessageType.Close) return false;

            (Type, _length) = (result.MessageType, _length + result.Count);
            IsTooLong = _length > limit;
            if (result.EndOfMessage || IsTooLong) return true;
        }
    }

    public void Dispose() => ArrayPool<byte>.Shared.Return(_buffer);

    private void Exchange(int size)
    {
        var other = ArrayPool<byte>.Shared.Rent(size);
        Memory.CopyTo(other);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = other;
    }
}
