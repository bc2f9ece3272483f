using System.Buffers;
using System.IO.Pipelines;
using Proxy.Host.Providers.OpenAi;

namespace Proxy.Host.Answers;

/// <summary>The bytes of a stream between provider and client: whole events go on, the end mark and what the client did not ask for stay.</summary>
/// <param name="passesUsage">True when the client itself asked for the usage chunk.</param>
/// <param name="secret">The provider's credential, which never passes, whatever an event quotes; empty when there is none.</param>
internal sealed class EventBuffer(bool passesUsage, ReadOnlyMemory<byte> secret = default) : IDisposable
{
    private const int FirstRent = 8 * 1024;

    /// <summary>An event that does not fit is passed on in pieces and not read: neither usage nor the end mark can be that long.</summary>
    private const int MaxEvent = 1024 * 1024;

    private byte[] _buffer = [];
    private int _length;

    /// <summary>Whole events, passed on or not, stand before this position.</summary>
    private int _whole;

    /// <summary>True while the rest of an event is on its way that was too long to keep.</summary>
    private bool _isPassingLongEvent;

    /// <summary>True when the end mark has come.</summary>
    public bool HasEnded { get; private set; }

    public bool IsEmpty => _length == 0;

    /// <summary>Bytes of events that passed without being read.</summary>
    public long UnreadBytes { get; private set; }

    public Memory<byte> Free()
    {
        if (_buffer.Length == 0)
        {
            _buffer = ArrayPool<byte>.Shared.Rent(FirstRent);
        }
        else if (_length == _buffer.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(_buffer.Length * 2);
            _buffer.AsSpan(0, _length).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }

        return _buffer.AsMemory(_length);
    }

    /// <summary>Takes what was read into <see cref="Free"/> and writes the events that became whole. False when there is nothing to flush.</summary>
    public bool Advance(int count, PipeWriter writer)
    {
        _length += count;
        var passFrom = 0;
        var isWritten = false;
        while (!HasEnded)
        {
            var length = SseScanner.EventLength(_buffer.AsSpan(_whole, _length - _whole));
            if (length < 0) break;

            var data = _isPassingLongEvent ? default : SseScanner.Data(_buffer.AsSpan(_whole, length));
            _isPassingLongEvent = false;
            SecretMask.Apply(_buffer.AsSpan(_whole, length), secret.Span);
            HasEnded = data.SequenceEqual("[DONE]"u8);
            if (HasEnded || IsKeptBack(data))
            {
                isWritten |= Write(writer, passFrom, _whole);
                passFrom = _whole + length;
            }

            _whole += length;
        }

        isWritten |= Write(writer, passFrom, _whole);
        return PassLongEvent(writer) || isWritten;
    }

    /// <summary>Reads the whole events for the ledger and the log, then forgets them.</summary>
    public void ReadPassed(OpenAiStream words)
    {
        var passed = _buffer.AsSpan(0, _whole);
        while (!passed.IsEmpty)
        {
            var length = SseScanner.EventLength(passed);
            if (length < 0) break;

            var data = SseScanner.Data(passed[..length]);
            if (data.StartsWith((byte)'{')) words.Read(data);
            passed = passed[length..];
        }

        _buffer.AsSpan(_whole, _length - _whole).CopyTo(_buffer);
        _length -= _whole;
        _whole = 0;
        if (_length == 0) Dispose();
    }

    public void Dispose()
    {
        if (_buffer.Length > 0) ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
        _length = _whole = 0;
    }

    /// <summary>The usage chunk that only we asked for. Only events that hold usage are looked at closely.</summary>
    private bool IsKeptBack(ReadOnlySpan<byte> data) =>
        !passesUsage && data.IndexOf("\"usage\""u8) >= 0 && OpenAiStream.IsUsageOnly(data);

    private bool Write(PipeWriter writer, int from, int to)
    {
        if (to <= from) return false;
        writer.Write(_buffer.AsSpan(from, to - from));
        return true;
    }

    private bool PassLongEvent(PipeWriter writer)
    {
        var pending = _length - _whole;
        if (pending < (_isPassingLongEvent ? 4 : MaxEvent)) return false;

        // The last bytes stay, since they may be the first half of the blank line that ends the event.
        const int kept = 3;
        SecretMask.Apply(_buffer.AsSpan(_whole, pending), secret.Span);
        writer.Write(_buffer.AsSpan(_whole, pending - kept));
        UnreadBytes += pending - kept;
        _buffer.AsSpan(_length - kept, kept).CopyTo(_buffer.AsSpan(_whole));
        _length = _whole + kept;
        _isPassingLongEvent = true;
        return true;
    }
}
