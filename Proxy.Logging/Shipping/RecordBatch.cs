using System.IO.Compression;
using Proxy.Logging.Outbox;
using Proxy.Logging.Records;

namespace Proxy.Logging.Shipping;

/// <summary>One request in the making: records go in, bytes come out, which stay the same for every attempt.</summary>
internal sealed class RecordBatch
{
    /// <summary>Langfuse Cloud documents 5 MB for a request; stay clear of it.</summary>
    public const int MaxBytes = 3_000_000;

    private const int UsualBytes = 64 * 1024;

    private readonly List<StoredRow> _rows = [];
    private readonly List<BatchRecord> _records = [];
    private readonly HashSet<string> _owners = [];
    private PooledBuffer _content;
    private string? _lastOwner;
    private bool _isSealed;

    /// <param name="format">How its records are written.</param>
    /// <param name="capacity">About how large it will get.</param>
    public RecordBatch(BatchFormat format, int capacity = UsualBytes)
    {
        Format = format;
        _content = new PooledBuffer(capacity, CallMemory.Requests);
        _content.Write(format.Head.Span);
        Bytes = _content.Count;
    }

    public BatchFormat Format { get; }

    public bool IsCompressed { get; private set; }

    /// <summary>The rows of the outbox whose records are in the batch.</summary>
    public IReadOnlyList<StoredRow> Rows => _rows;

    /// <summary>The records of these rows.</summary>
    public IReadOnlyList<BatchRecord> Records => _records;

    /// <summary>Whose they are.</summary>
    public IReadOnlyCollection<string> Owners => _owners;

    /// <summary>The uncompressed size.</summary>
    public int Bytes { get; private set; }

    /// <summary>The request, once it is sealed.</summary>
    public ReadOnlyMemory<byte> Content => _isSealed ? _content.Written : throw new InvalidOperationException("The batch is not sealed.");

    /// <summary>Writes a record.</summary>
    /// <returns>False when it must wait for the next batch.</returns>
    public bool TryAdd(StoredRow row, string? owner, CompletionRecord record, LogTarget target)
    {
        Begin();
        Format.Write(_content, record, target);
        return TryEnd(row, owner, new(record.Id, record.EndedAt));
    }

    /// <summary>Adds a record that is written in the format of the batch.</summary>
    /// <returns>False when it must wait for the next batch.</returns>
    public bool TryAdd(StoredRow row, string? owner, RecordName name, ReadOnlySpan<byte> rendered)
    {
        Begin();
        _content.Write(rendered);
        return TryEnd(row, owner, name);
    }

    /// <summary>Takes out all rows up to this id; they came in the order of their ids.</summary>
    public void RemoveUpTo(long id)
    {
        var count = _rows.FindIndex(row => row.Id > id);
        if (count == 0) return;

        if (count < 0) count = _rows.Count;
        var start = Format.Head.Length;
        var end = count == _rows.Count ? Bytes : _records[count - 1].End + Format.Separator.Length;
        _content.Remove(start, end - start);
        _rows.RemoveRange(0, count);
        _records.RemoveRange(0, count);
        for (var i = 0; i < _records.Count; i++) _records[i] = _records[i] with { End = _records[i].End - (end - start) };
        Bytes = _content.Count;
    }

    /// <summary>Ends the request; nothing is added afterwards. It may then be kept for days while its target is down.</summary>
    public void Seal(bool isCompressed)
    {
        _content.Truncate(Bytes);
        _content.Write(Format.Tail.Span);
        _isSealed = true;
        if (isCompressed) Compress();
    }

    /// <summary>Gives back the memory. Not to be called after an attempt that was broken off: somebody may still be reading it.</summary>
    public void Recycle() => _content.Return();

    private void Begin()
    {
        // Also of one that broke off.
        _content.Truncate(Bytes);
        if (_rows.Count > 0) _content.Write(Format.Separator.Span);
    }

    private bool TryEnd(StoredRow row, string? owner, RecordName name)
    {
        if (_rows.Count > 0 && _content.Count > MaxBytes)
        {
            _content.Truncate(Bytes);
            return false;
        }

        Bytes = _content.Count;
        _rows.Add(row);
        _records.Add(new(name, Bytes));
        if (owner is not null && !ReferenceEquals(owner, _lastOwner)) _owners.Add(_lastOwner = owner);
        return true;
    }

    private void Compress()
    {
        var compressed = new PooledBuffer(Bytes / 4, CallMemory.Requests);
        using (var gzip = new GZipStream(compressed.AsStream(), CompressionLevel.Fastest)) gzip.Write(_content.Written.Span);
        _content.Return();
        _content = compressed;
        IsCompressed = true;
    }
}

/// <summary>A record in a batch, and where it ends there.</summary>
internal readonly record struct BatchRecord(RecordName Name, int End);
