using System.Buffers;
using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;
using System.Text.Json;

namespace Proxy.Host.Providers.Bedrock;

/// <summary>
/// Amazon's binary frames as server-sent events, so that such a stream goes the way of all streams. Each event is an object of one field, named for what came:
/// <c>{"contentBlockDelta":{…}}</c>. A frame whose checksum is wrong, or that is cut, breaks the stream.
/// </summary>
internal sealed class FramedEvents(Stream frames) : Stream
{
    public const string MediaType = "application/vnd.amazon.eventstream";

    private const int PreludeLength = 12;
    private const int ChecksumLength = 4;
    private const int FirstRent = 8 * 1024;

    /// <summary>As long as an event may be that is written anew.</summary>
    private const int MaxFrame = 4 * 1024 * 1024;

    /// <summary>What one large frame took is not held for the rest of the stream.</summary>
    private const int MostKept = 32 * 1024;

    private byte[] _frames = [];
    private int _length;
    private ArrayBufferWriter<byte> _events = new(1024);
    private int _taken;
    private InvalidDataException? _fault;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    private bool IsEmpty => _taken == _events.WrittenCount;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty)
        {
            // Whoever asks for nothing waits until there is something.
            if (IsEmpty && _fault is null) _ = await frames.ReadAsync(Memory<byte>.Empty, cancellationToken);
            return 0;
        }

        while (IsEmpty)
        {
            if (_fault is not null) throw _fault;

            var read = await frames.ReadAsync(Free(), cancellationToken);
            if (read == 0) return _length == 0 ? 0 : throw new InvalidDataException("A frame is cut.");

            _length += read;
            TryOpenFrames();
        }

        var count = Math.Min(buffer.Length, _events.WrittenCount - _taken);
        _events.WrittenMemory.Slice(_taken, count).CopyTo(buffer);
        _taken += count;
        return count;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override async ValueTask DisposeAsync()
    {
        Return();
        await frames.DisposeAsync();
        await base.DisposeAsync();
    }

    private Memory<byte> Free()
    {
        if (_length == _frames.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(FirstRent, _length * 2));
            _frames.AsSpan(0, _length).CopyTo(larger);
            if (_frames.Length > 0) ArrayPool<byte>.Shared.Return(_frames);
            _frames = larger;
        }

        return _frames.AsMemory(_length);
    }

    /// <summary>What came before a frame that is wrong has come, and goes on first.</summary>
    private void TryOpenFrames()
    {
        try
        {
            OpenFrames();
        }
        catch (InvalidDataException fault)
        {
            _fault = fault;
        }
    }

    private void OpenFrames()
    {
        if (_events.Capacity > MostKept) _events = new ArrayBufferWriter<byte>(1024);
        else _events.ResetWrittenCount();
        _taken = 0;
        var at = 0;
        while (FrameLength(_frames.AsSpan(at, _length - at)) is > 0 and var length)
        {
            Open(_frames.AsSpan(at, length));
            at += length;
        }

        _frames.AsSpan(at, _length - at).CopyTo(_frames);
        _length -= at;
        if (_length == 0) Return();
    }

    /// <returns>0 while it is not whole.</returns>
    private static int FrameLength(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < PreludeLength) return 0;

        var length = BinaryPrimitives.ReadUInt32BigEndian(bytes);
        var headers = BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]);
        if (Crc32.HashToUInt32(bytes[..8]) != BinaryPrimitives.ReadUInt32BigEndian(bytes[8..])) throw new InvalidDataException("The beginning of a frame has a wrong checksum.");
        if (length > MaxFrame || length < PreludeLength + ChecksumLength || headers > length - PreludeLength - ChecksumLength) throw new InvalidDataException("A frame has a length that cannot be.");

        return bytes.Length < length ? 0 : (int)length;
    }

    private void Open(ReadOnlySpan<byte> frame)
    {
        var sound = frame[..^ChecksumLength];
        if (Crc32.HashToUInt32(sound) != BinaryPrimitives.ReadUInt32BigEndian(frame[^ChecksumLength..])) throw new InvalidDataException("A frame has a wrong checksum.");

        var headersLength = BinaryPrimitives.ReadInt32BigEndian(frame[4..]);
        var headers = new FrameHeaders(sound.Slice(PreludeLength, headersLength));
        _events.Write("data: {\""u8);
        _events.Write(Encoding.ASCII.GetBytes(headers.Name));
        _events.Write("\":"u8);
        WriteContent(headers, sound[(PreludeLength + headersLength)..]);
        _events.Write("}\n\n"u8);
    }

    private void WriteContent(in FrameHeaders headers, ReadOnlySpan<byte> content)
    {
        if (headers.ErrorMessage is { } message)
        {
            using var json = new Utf8JsonWriter(_events);
            json.WriteStartObject();
            json.WriteString("message"u8, message);
            json.WriteEndObject();
        }
        else if (content.IsEmpty)
        {
            _events.Write("{}"u8);
        }
        else
        {
            // Line ends are nothing but room in JSON, and the end of the event in the other form.
            var written = _events.GetSpan(content.Length)[..content.Length];
            content.CopyTo(written);
            written.Replace((byte)'\n', (byte)' ');
            written.Replace((byte)'\r', (byte)' ');
            _events.Advance(content.Length);
        }
    }

    private void Return()
    {
        if (_frames.Length > 0) ArrayPool<byte>.Shared.Return(_frames);
        _frames = [];
        _length = 0;
    }
}
