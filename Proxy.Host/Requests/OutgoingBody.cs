using System.Net;
using System.Security.Cryptography;

namespace Proxy.Host.Requests;

/// <summary>What an attempt sends: slices of the client's body with our words between them, written without a copy being made.</summary>
/// <remarks>
/// The slices lie in pooled memory, and over HTTP/2 an answer may come while they are still being written. So whoever gives the memory
/// back calls <see cref="CloseAsync"/> first.
/// </remarks>
internal sealed class OutgoingBody : HttpContent
{
    private readonly List<ReadOnlyMemory<byte>> _parts = new(4);
    private readonly Lock _lock = new();
    private long _length;

    // Under the lock: the writing, once it has begun and does not end at once, and what ends it.
    private CancellationTokenSource? _closing;
    private Task? _writing;
    private bool _isClosed;

    public long Length => _length;

    /// <summary>True when all of it has been written to the provider.</summary>
    public bool IsSent
    {
        get
        {
            lock (_lock) return _writing is { IsCompletedSuccessfully: true };
        }
    }

    public void Append(ReadOnlyMemory<byte> part)
    {
        if (part.IsEmpty) return;
        _parts.Add(part);
        _length += part.Length;
    }

    /// <summary>A copy, which may be read for as long as one likes.</summary>
    public byte[] ToArray()
    {
        var bytes = new byte[_length];
        var at = 0;
        foreach (var part in _parts)
        {
            part.Span.CopyTo(bytes.AsSpan(at));
            at += part.Length;
        }

        return bytes;
    }

    /// <summary>SHA-256 of all of it.</summary>
    public byte[] Hash()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var part in _parts) hash.AppendData(part.Span);
        return hash.GetHashAndReset();
    }

    /// <summary>Nothing is read of the memory any more once this is done.</summary>
    public ValueTask CloseAsync()
    {
        lock (_lock)
        {
            _isClosed = true;
            return _writing is null or { IsCompleted: true } ? default : EndAsync(_writing, _closing!);
        }
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_isClosed || _writing is not null) throw new InvalidOperationException("The body was sent, or is not to be sent any more.");

            // Mostly it is done when this returns: what the connection's buffer cannot take, the kernel's can.
            _closing = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            _writing = WriteAsync(stream, _closing);
            if (_writing.IsCompleted) _closing = null; // a stream may be open for long after that
            return _writing;
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = _length;
        return true;
    }

    private async Task WriteAsync(Stream stream, CancellationTokenSource closing)
    {
        using (closing)
        {
            foreach (var part in _parts) await stream.WriteAsync(part, closing.Token);
        }
    }

    private static async ValueTask EndAsync(Task writing, CancellationTokenSource closing)
    {
        try
        {
            await closing.CancelAsync();
            await writing;
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException or ObjectDisposedException or HttpRequestException)
        {
            // It ended, which is all that is asked.
        }
    }
}
