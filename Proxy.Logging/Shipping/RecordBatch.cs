using System.Buffers;
using System.IO.Compression;
using Proxy.Logging.Records;

namespace Proxy.Logging.Shipping;

/// <summary>One request in the making: records go in, bytes come out, which stay the same for every attempt.</summary>
internal sealed class RecordBatch : IDisposable
{
    /// <summary>Langfuse Cloud documents 5 MB for a request; stay clear of it.</summary>
    private const int MaxBytes = 3_000_000;

    private readonly MemoryStream _content = new();
    private readonly List<long> _ids = [];
    private readonly List<Guid> _records = [];
    private readonly Stream _writer;
    private readonly LogTarget _target;

    // Null once the batch is sealed: it may then be kept for days while its target is down.
    private ArrayBufferWriter<byte>? _record = new(8 * 1024);

    public RecordBatch(BatchFormat format, LogTarget target)
    {
        Format = format;
        _target = target;
        _writer = format.IsCompressed ? new GZipStream(_content, CompressionLevel.Fastest, leaveOpen: true) : _content;
        _writer.Write(format.Head.Span);
        Bytes = format.Head.Length;
    }

    public BatchFormat Format { get; }

    /// <summary>The rows of the outbox whose records are in the batch.</summary>
    public IReadOnlyList<long> Ids => _ids;

    /// <summary>The records of these rows.</summary>
    public IReadOnlyList<Guid> Records => _records;

    /// <summary>The uncompressed size.</summary>
    public int Bytes { get; private set; }

    /// <summary>What the rows take in the outbox.</summary>
    public long StoredBytes { get; private set; }

    /// <summary>When the first record ended: with its id the name of an object in a bucket, so that a repeated write hits the same object.</summary>
    public DateTimeOffset FirstEndedAt { get; private set; }

    /// <returns>False when the record must wait for the next batch.</returns>
    public bool TryAdd(long id, CompletionRecord record, int storedBytes)
    {
        ObjectDisposedException.ThrowIf(_record is null, this);
        _record.ResetWrittenCount();
        if (_ids.Count > 0) _record.Write(Format.Separator.Span);
        Format.Write(_record, record, _target);
        if (_ids.Count > 0 && Bytes + _record.WrittenCount > MaxBytes) return false;

        if (_ids.Count == 0) FirstEndedAt = record.EndedAt;
        _writer.Write(_record.WrittenSpan);
        Bytes += _record.WrittenCount;
        StoredBytes += storedBytes;
        _ids.Add(id);
        _records.Add(record.Id);
        return true;
    }

    /// <summary>Ends the request; nothing can be added afterwards.</summary>
    public ReadOnlyMemory<byte> Seal()
    {
        if (_record is not null)
        {
            _writer.Write(Format.Tail.Span);
            if (Format.IsCompressed) _writer.Dispose();
            _record = null;
        }

        return _content.GetBuffer().AsMemory(0, (int)_content.Length);
    }

    public void Dispose() => _writer.Dispose();
}
