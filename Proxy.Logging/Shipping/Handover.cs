using System.Diagnostics.CodeAnalysis;
using Proxy.Logging.Records;

namespace Proxy.Logging.Shipping;

/// <summary>Rows of one target that were just committed and are still in memory, so that its sender need not read them back.</summary>
/// <remarks>The outbox is the truth. What does not fit here, or may have been removed there, leaves a gap; the sender then reads until it has
/// caught up. Rows come in the order of their ids, as one writer commits them: what was read up to some id is not here once more.</remarks>
internal sealed class Handover(HandoverRoom room)
{
    private const long MaxBytes = 16 * 1024 * 1024;

    private readonly Lock _lock = new();

    // By the writer, by the sender and by those who remove rows, under the lock.
    private readonly Queue<HandedRow> _rows = new();
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
            lock (_lock) return _hasGap || _rows.Count > 0;
        }
    }

    public void Add(HandedRow row)
    {
        lock (_lock)
        {
            if (_hasGap || row.Id <= _readTo) return;

            if (_bytes + row.Bytes <= MaxBytes && room.TryTake(row.Bytes))
            {
                _rows.Enqueue(row);
                _bytes += row.Bytes;
                return;
            }

            Clear_NeedsLock();
            _hasGap = true;
        }
    }

    public bool TryTake([NotNullWhen(true)] out HandedRow? row)
    {
        lock (_lock)
        {
            while (_rows.TryDequeue(out row))
            {
                _bytes -= row.Bytes;
                room.Give(row.Bytes);
                if (row.Id > _readTo) return true;
            }

            return false;
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

    private void Clear_NeedsLock()
    {
        room.Give(_bytes);
        _bytes = 0;
        _rows.Clear();
    }
}

/// <summary>A row of the outbox, as its record was before it was written.</summary>
internal sealed record HandedRow(long Id, CompletionRecord Record, int StoredBytes, string? Owner)
{
    private const int RecordBytes = 1024;

    /// <summary>About what it takes in memory.</summary>
    public int Bytes => StoredBytes + RecordBytes;
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
