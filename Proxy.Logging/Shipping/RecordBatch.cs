using System.IO.Compression;
using Proxy.Logging.Records;

namespace Proxy.Logging.Shipping;

/// <summary>One request in the making: records go in, bytes come out, which stay the same for every attempt.</summary>
internal sealed class RecordBatch : IDisposable
{
    /// <summary>Langfuse Cloud documents 5 MB for a request; stay clear of it.</summary>
    public const int MaxBytes = 3_000_000;

    private const int UsualBytes = 64 * 1024;
    private const int UsualRecordBytes = 8 * 1024;

    private readonly PooledBuffer _content = new(UsualBytes);
    private readonly GZipStream? _compressed;
    private readonly List<StoredRow> _rows = [];
    private readonly List<Guid> _records = [];
    private readonly LogTarget _target;

    // Null once the batch is sealed: it may then be kept for days while its target is down. Without compression it is the content itself.
    private PooledBuffer? _record;

    public RecordBatch(BatchFormat format, LogTarget target, bool isCompressed)
    {
        (Format, _target) = (format, target);
        if (isCompressed) _compressed = new GZipStream(_content.AsStream(), CompressionLevel.Fastest, leaveOpen: true);
        _record = isCompressed ? new(UsualRecordBytes) : _content;
        Add(format.Head.Span);
        Bytes = format.Head.Length;
    }

    public BatchFormat Format { get; }

    public bool IsCompressed => _compressed is not null;

    /// <summary>The rows of the outbox whose records are in the batch.</summary>
    public IReadOnlyList<StoredRow> Rows => _rows;

    /// <summary>The records of these rows.</summary>
    public IReadOnlyList<Guid> Records => _records;

    /// <summary>The uncompressed size.</summary>
    public int Bytes { get; private set; }

    /// <summary>When the first record ended: with its id the name of an object in a bucket, so that a repeated write hits the same object.</summary>
    public DateTimeOffset FirstEndedAt { get; private set; }

    /// <returns>False when the record must wait for the next batch.</returns>
    public bool TryAdd(long id, CompletionRecord record, int storedBytes)
    {
        ObjectDisposedException.ThrowIf(_record is null, this);
        var start = _compressed is null ? _record.Count : 0;
        _record.Truncate(start);
        if (_rows.Count > 0) _record.Write(Format.Separator.Span);
        try
        {
            Format.Write(_record, record, _target);
        }
        catch
        {
            _record.Truncate(start);
            throw;
        }

        var length = _record.Count - start;
        if (_rows.Count > 0 && Bytes + length > MaxBytes)
        {
            _record.Truncate(start);
            return false;
        }

        if (_rows.Count == 0) FirstEndedAt = record.EndedAt;
        _compressed?.Write(_record.Written.Span);
        Bytes += length;
        _rows.Add(new(id, storedBytes));
        _records.Add(record.Id);
        return true;
    }

    /// <summary>Ends the request; nothing can be added afterwards.</summary>
    public ReadOnlyMemory<byte> Seal()
    {
        if (_record is null) return _content.Written;

        Add(Format.Tail.Span);
        _compressed?.Dispose();
        if (_compressed is not null) _record.Return();
        _record = null;
        return _content.Written;
    }

    /// <summary>Gives back the memory. Not to be called after an attempt that was broken off: somebody may still be reading it.</summary>
    public void Recycle()
    {
        Seal();
        _content.Return();
    }

    public void Dispose() => _compressed?.Dispose();

    private void Add(ReadOnlySpan<byte> text)
    {
        if (_compressed is not null) _compressed.Write(text);
        else _content.Write(text);
    }
}

/// <summary>A row of the outbox, and what it takes there.</summary>
internal readonly record struct StoredRow(long Id, int Bytes);
