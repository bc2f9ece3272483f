using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using Proxy.Host.Translation.Streams;

namespace Proxy.Host.Answers;

/// <summary>
/// The bytes of a stream between provider and client. Each event is read and then goes on as it came; the end mark, what the client did not
/// ask for, and what is broken stay.
/// </summary>
/// <param name="secret">The provider's credential, which never passes, whatever an event quotes; empty when there is none.</param>
/// <param name="translator">Writes the events anew in the client's API; null when they pass as they are.</param>
internal sealed class EventBuffer(IEventReader reader, ReadOnlyMemory<byte> secret = default, EventTranslator? translator = null) : IDisposable
{
    private const int FirstRent = 8 * 1024;

    /// <summary>One that is to be written anew has to be whole. Some servers send all that a tool is called with in one.</summary>
    private const int MaxTranslatedEvent = 4 * 1024 * 1024;

    private byte[] _buffer = [];
    private int _length;
    private SeenLines _seen;
    private byte[]? _mayBeLast;

    /// <summary>True when the end mark has come.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>The end mark as the provider sent it.</summary>
    public ReadOnlyMemory<byte> EndMark { get; private set; }

    /// <summary>The event that ended the stream before its time; what it holds went nowhere.</summary>
    public AnswerEnd? Fault { get; private set; }

    /// <summary>True while the rest of an event is on its way that was too long to keep.</summary>
    public bool IsMidEvent { get; private set; }

    public bool IsEmpty => _length == 0;

    /// <summary>Bytes of events that passed without being read.</summary>
    public long UnreadBytes { get; private set; }

    /// <summary>What it holds of memory.</summary>
    public int Capacity => _buffer.Length;

    private bool IsOver => HasEnded || Fault is not null;

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
        var (whole, passFrom) = (0, 0);
        var isWritten = false;
        while (!IsOver && SseScanner.EventLength(_buffer.AsSpan(whole, _length - whole), ref _seen) is > 0 and var length)
        {
            _seen = default;
            isWritten |= PassHeld(writer);
            var kind = Read(_buffer.AsSpan(whole, length));
            if (kind == EventKind.Passes && translator is not null)
            {
                isWritten |= Translate(_buffer.AsSpan(whole, length), writer);
                passFrom = whole + length;
            }
            else if (kind != EventKind.Passes)
            {
                isWritten |= Write(writer, passFrom, whole);
                passFrom = whole + length;
            }

            whole += length;
        }

        isWritten |= Write(writer, passFrom, whole);
        _buffer.AsSpan(whole, _length - whole).CopyTo(_buffer);
        _length -= whole;
        if (translator is not null) Fault ??= _length > MaxTranslatedEvent ? AnswerEnd.Broken : null;
        else isWritten |= !IsOver && PassLongEvent(writer);
        if (_length == 0) Dispose();
        return isWritten;
    }

    /// <summary>The body came to a good end, and so what may have been the last event was.</summary>
    public void Finish()
    {
        if (_mayBeLast is null || IsOver || _length > 0) return;

        HasEnded = true;
        EndMark = _mayBeLast;
    }

    public void Dispose()
    {
        if (_buffer.Length > 0) ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
        _length = 0;
    }

    private EventKind Read(Span<byte> sseEvent)
    {
        SecretMask.Apply(sseEvent, secret.Span);
        if (IsMidEvent)
        {
            IsMidEvent = false;
            return EventKind.Passes;
        }

        var kind = SseScanner.IsForeign(sseEvent) ? EventKind.Broken : reader.Read(sseEvent);
        if (kind == EventKind.EndMark)
        {
            End(sseEvent);
        }
        else if (kind == EventKind.MayBeLast)
        {
            _mayBeLast = sseEvent.ToArray();
        }
        else if (kind is EventKind.Error or EventKind.Broken)
        {
            Fault = kind == EventKind.Error ? AnswerEnd.Failed : AnswerEnd.Broken;
        }

        return kind;
    }

    private void End(ReadOnlySpan<byte> endMark)
    {
        try
        {
            EndMark = translator?.End(endMark) ?? endMark.ToArray();
            HasEnded = true;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            Fault = AnswerEnd.Broken;
        }
    }

    private bool PassHeld(PipeWriter writer)
    {
        if (_mayBeLast is null) return false;

        writer.Write(_mayBeLast);
        _mayBeLast = null;
        return true;
    }

    private bool Translate(ReadOnlySpan<byte> sseEvent, PipeWriter writer)
    {
        try
        {
            var events = translator!.Translate(sseEvent);
            writer.Write(events.Span);
            return !events.IsEmpty;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            Fault = AnswerEnd.Broken;
            return false;
        }
    }

    private bool Write(PipeWriter writer, int from, int to)
    {
        if (to <= from) return false;
        writer.Write(_buffer.AsSpan(from, to - from));
        return true;
    }

    private bool PassLongEvent(PipeWriter writer)
    {
        if (!IsMidEvent && _length < reader.MaxEvent) return false;
        if (!IsMidEvent && SseScanner.IsForeign(_buffer.AsSpan(0, _length)))
        {
            Fault = AnswerEnd.Broken;
            return false;
        }

        // Line ends at the end stay, since they may be the first half of the blank line that ends the event; and one byte before them, so that
        // what is left does not look like a blank line itself. So does what may be the first half of the credential.
        var kept = Math.Max(_length - _buffer.AsSpan(0, _length).TrimEnd("\r\n"u8).Length + 1, secret.Length);
        if (kept >= _length) return false;

        SecretMask.Apply(_buffer.AsSpan(0, _length), secret.Span);
        UnreadBytes += _length - kept;
        Write(writer, 0, _length - kept);
        _buffer.AsSpan(_length - kept, kept).CopyTo(_buffer);
        _length = kept;
        _seen = default;
        IsMidEvent = true;
        return true;
    }
}
