using Proxy.Logging.Outbox;
using Proxy.Logging.Records;

namespace Proxy.Logging.Shipping;

/// <summary>Rows of one target that were just committed, in requests that fill up, so that its sender need not read them back.</summary>
/// <remarks>The outbox is the truth. What does not fit here, or may have been removed there, leaves a gap; the sender then reads until it has
/// caught up. Rows come in the order of their ids, as one writer commits them: what was read up to some id is not here once more.</remarks>
internal sealed class Handover(HandoverRoom room)
{
    private const long MaxBytes = 16 * 1024 * 1024;

    // A batch begins as large as the last one was, within bounds: whoever made many calls a moment ago may make one now.
    private const int SmallestBatch = 4 * 1024;
    private const int LargestBegin = 1024 * 1024;

    // About what a row takes beside its bytes.
    private const int RowBytes = 64;

    private readonly Lock _lock = new();

    // By the writer, by the sender and by those who remove rows, under the lock. The last batch of the queue is the one that fills up.
    private readonly Queue<RecordBatch> _batches = new();
    private RecordBatch? _last;
    private int _usualBytes = SmallestBatch;
    private long _bytes;
    private long _readTo;
    private bool _hasGap;

    /// <summary>The outbox may hold rows that are not here.</summary>
    public bool HasGap
    {
        get
        {
            lock (_lock) return _hasGap;
        }
    }

    /// <summary>There is something to send, here or in the outbox.</summary>
    public bool HasMore
    {
        get
        {
            lock (_lock) return _hasGap || _batches.Count > 0;
        }
    }

    /// <param name="row">What was committed.</param>
    /// <param name="owner">Whose it is.</param>
    /// <param name="name">Its record's.</param>
    /// <param name="format">How the record is written; null where it is not.</param>
    /// <param name="rendered">The record. It is copied.</param>
    /// <param name="most">How many records, and how many bytes, go into a request.</param>
    public void Add(StoredRow row, string? owner, RecordName name, BatchFormat? format, ReadOnlySpan<byte> rendered, (int Records, int Bytes) most)
    {
        lock (_lock)
        {
            if (_hasGap || row.Id <= _readTo) return;

            if (format is not null && TryTakeRoom_NeedsLock(rendered.Length + format.Separator.Length + RowBytes))
            {
                if (_last is null || _last.Format != format || IsFull(_last, most) || !_last.TryAdd(row, owner, name, rendered))
                {
                    // Behind others it may be one of many small ones.
                    _batches.Enqueue(_last = new RecordBatch(format, Math.Max(_batches.Count == 0 ? _usualBytes : SmallestBatch, rendered.Length)));
                    _last.TryAdd(row, owner, name, rendered);
                }

                return;
            }

            Clear_NeedsLock();
            _hasGap = true;
        }
    }

    /// <summary>Takes the first batch.</summary>
    /// <param name="most">As for <see cref="Add"/>.</param>
    /// <param name="isFull">Whether it could take no more.</param>
    /// <returns>Null when nothing is here.</returns>
    public RecordBatch? Take((int Records, int Bytes) most, out bool isFull)
    {
        lock (_lock)
        {
            while (_batches.TryDequeue(out var batch))
            {
                isFull = batch != _last || IsFull(batch, most);
                if (batch == _last) _last = null;
                Give_NeedsLock(batch);
                batch.RemoveUpTo(_readTo);
                if (batch.Rows.Count > 0)
                {
                    _usualBytes = Math.Clamp(batch.Bytes, SmallestBatch, LargestBegin);
                    return batch;
                }

                batch.Recycle();
            }

            isFull = false;
            return null;
        }
    }

    /// <summary>To be called before rows are read from the outbox: they are all there.</summary>
    public void BeginReading()
    {
        lock (_lock)
        {
            Clear_NeedsLock();
            _hasGap = false;
        }
    }

    public void EndReading(long lastId)
    {
        lock (_lock) _readTo = Math.Max(_readTo, lastId);
    }

    /// <summary>What is here may not be in the outbox any more.</summary>
    public void Forget()
    {
        lock (_lock)
        {
            Clear_NeedsLock();
            _hasGap = true;
        }
    }

    private bool TryTakeRoom_NeedsLock(long bytes)
    {
        if (_bytes + bytes > MaxBytes || !room.TryTake(bytes)) return false;

        _bytes += bytes;
        return true;
    }

    private static bool IsFull(RecordBatch batch, (int Records, int Bytes) most) => batch.Rows.Count >= most.Records || batch.Bytes >= most.Bytes;

    private void Clear_NeedsLock()
    {
        foreach (var batch in _batches)
        {
            Give_NeedsLock(batch);
            batch.Recycle();
        }

        _batches.Clear();
        _last = null;
        _usualBytes = SmallestBatch;
    }

    private void Give_NeedsLock(RecordBatch batch)
    {
        var bytes = batch.Bytes - batch.Format.Head.Length + batch.Format.Separator.Length + ((long)batch.Rows.Count * RowBytes);
        _bytes -= bytes;
        room.Give(bytes);
    }
}

/// <summary>The memory that rows of all targets together may be kept in.</summary>
internal sealed class HandoverRoom
{
    private const long MaxBytes = 64 * 1024 * 1024;

    private long _bytes;

    public bool TryTake(long bytes)
    {
        if (Interlocked.Add(ref _bytes, bytes) <= MaxBytes) return true;

        Give(bytes);
        return false;
    }

    public void Give(long bytes) => Interlocked.Add(ref _bytes, -bytes);
}
