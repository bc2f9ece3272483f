using Microsoft.Extensions.Logging;

namespace Proxy.Logging.Outbox;

/// <summary>The files that the journal is written to: the last one is appended to, those before it go, or are used again, when nothing in them waits.</summary>
/// <remarks>How far they count the database says. On the writer's thread.</remarks>
internal sealed partial class JournalFiles(IOutboxDatabase database, FileChores chores, TimeProvider time, ILogger logger)
{
    private const int MaxSegments = 32;

    // A commit goes into one file as a rule, however large; this is what can be read as a whole.
    private const long MaxFileBytes = 512 * 1024 * 1024;

    // What is not taken by then belongs into the backlog, where it may wait for a month.
    private static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(10);

    private readonly List<OutboxFile> _segments = [];
    private readonly JournalFrames _frames = new();
    private readonly JournalSpares _spares = new(time);

    // No file is made anew that may be about to be deleted, also when another database with other numbers is put in place of this one.
    private long _lastNumber;

    /// <summary>The one that is appended to.</summary>
    public OutboxFile Current => _segments[^1];

    /// <summary>The number of the first one that is needed.</summary>
    public long First => _segments.First(segment => segment.Waiting > 0 || segment == Current).Number;

    /// <summary>Where the next frame will begin.</summary>
    public long End => Current.Length + _frames.Bytes;

    /// <summary>Whether what follows belongs into a new file in any case.</summary>
    public bool IsTooLarge => End > MaxFileBytes;

    /// <summary>Whether the next transaction should go on in a new file, so that this one can go.</summary>
    public bool IsFull => Current.Length > database.Journal!.FileBytes || (Current.FileLength > 0 && time.GetElapsedTime(Current.OpenedAt) > MaxAge / 2);

    /// <summary>Those in which rows have waited for too long, or that are too many.</summary>
    public IReadOnlyList<OutboxFile> ListOld() =>
        _segments.Count == 1 ? [] : [.. _segments.SkipLast(1).Where(segment => segment.Waiting > 0 && (_segments.Count > MaxSegments || time.GetElapsedTime(segment.OpenedAt) > MaxAge))];

    /// <summary>Collects a record for <see cref="TryFlush"/>.</summary>
    /// <returns>The length of all but the body.</returns>
    public int AddRecord(long id, long createdAt, string targetId, string? owner, ReadOnlyMemory<byte> body) =>
        _frames.AddRecord(Current.Number, id, createdAt, targetId, owner, body);

    /// <summary>Collects that these rows have left.</summary>
    public void AddLeft(List<long> ids) => _frames.AddLeft(Current.Number, ids);

    /// <summary>Forgets what was collected.</summary>
    public void Forget() => _frames.Clear();

    /// <summary>Writes what was collected.</summary>
    /// <returns>Whether there was something.</returns>
    public bool TryFlush()
    {
        if (_frames.Bytes == 0) return false;

        try
        {
            if (!Current.IsOpen && _spares.Take() is { } spare && !Current.TryTakeOver(spare)) chores.Delete([spare]);
            Current.Write(_frames.ToParts(), _frames.Bytes);
            return true;
        }
        finally
        {
            _frames.Clear();
        }
    }

    /// <summary>Goes on in a new file, unless nothing is in this one. What was collected has been flushed.</summary>
    public void Rotate()
    {
        Current.Close();
        if (Current.Length > 0) Add(Current.Number + 1);
    }

    /// <summary>Those before this number are not needed any more.</summary>
    public void DeleteBefore(long first)
    {
        var gone = _segments.TakeWhile(segment => segment.Number < first).ToList();
        if (gone.Count == 0) return;

        _segments.RemoveRange(0, gone.Count);
        gone.RemoveAll(_spares.TryKeep);
        chores.Delete(gone);
    }

    /// <summary>Spares that were not used for a while are not needed either.</summary>
    public void DeleteOldSpares() => chores.Delete(_spares.TakeOld());

    /// <summary>No file that is there now is used again, and none is kept for it.</summary>
    public void DeleteSpares() => chores.Delete(_spares.TakeAll(_lastNumber));

    /// <summary>What lies beyond was rolled back.</summary>
    public void CutTo(JournalPosition position)
    {
        for (; Current.Number > position.Segment; _segments.RemoveAt(_segments.Count - 1)) chores.DeleteNow(Current);
        Current.Length = position.Length;
    }

    /// <summary>Reads what an earlier run wrote, and goes on in a new file.</summary>
    /// <returns>The records that have not left.</returns>
    public IReadOnlyList<(JournalRecord Record, ReadOnlyMemory<byte> Body)> Reopen(JournalPosition position)
    {
        foreach (var segment in _segments) segment.Dispose();
        _segments.Clear();

        // Before anything is read: in another database their numbers may count.
        foreach (var spare in _spares.TakeAll(_lastNumber)) chores.DeleteNow(spare);
        var reading = new JournalReading();
        for (var number = position.First; number <= position.Segment; number++)
        {
            Add(number);
            long? committed = number == position.Segment ? position.Length : null;
            if (Current.ReadAll() is not { } bytes)
            {
                if (committed != 0) LogMissing(number);
            }
            else if (reading.Read(number, bytes, committed) is > 0 and var lost)
            {
                LogLost(lost, number);
            }
        }

        OutboxFile.DeleteOthers(database.Journal!, position.First, position.Segment);
        Add(Math.Max(position.Segment, _lastNumber) + 1);
        return [.. reading.Waiting];
    }

    /// <returns>Empty when it cannot be read any more, which is said.</returns>
    public ReadOnlyMemory<byte> ReadBody(JournalRecord record)
    {
        var length = record.HeadLength + record.Length;
        if (TryRead(record, length, out var frame)) return frame[record.HeadLength..];

        LogLost(length, record.Segment.Number);
        return default;
    }

    private static bool TryRead(JournalRecord record, int length, out ReadOnlyMemory<byte> frame)
    {
        frame = default;
        try
        {
            frame = record.Segment.Read(record.Offset, length);
            return JournalFrame.Read(frame.Span, record.Segment.Number, left: null, out var found) == length && found?.Id == record.Id;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private void Add(long number)
    {
        _lastNumber = Math.Max(_lastNumber, number);
        _segments.Add(new OutboxFile(database.Journal!, number, time.GetTimestamp()));
    }

    [LoggerMessage(LogLevel.Error, "{Bytes} bytes of file {Number} of the log's journal cannot be read: the machine went down before they were on its disk, or the disk is broken. The records in them are lost.")]
    private partial void LogLost(long bytes, long number);

    [LoggerMessage(LogLevel.Error, "File {Number} of the log's journal is not there any more. The records in it are lost.")]
    private partial void LogMissing(long number);
}
