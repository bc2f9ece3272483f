namespace Proxy.Logging.Outbox;

/// <summary>What is read of the files of an earlier run.</summary>
internal sealed class JournalReading
{
    private readonly List<(JournalRecord Record, ReadOnlyMemory<byte> Body)> _records = [];
    private readonly HashSet<long> _left = [];

    /// <summary>The records that had not left, in the order in which they came.</summary>
    public IEnumerable<(JournalRecord Record, ReadOnlyMemory<byte> Body)> Waiting => _records.Where(row => !_left.Contains(row.Record.Id));

    /// <param name="bytes">A file.</param>
    /// <param name="committed">How much of it counts; null for all that is there.</param>
    /// <returns>How many bytes should be there and cannot be read.</returns>
    public long Read(ReadOnlyMemory<byte> bytes, long? committed)
    {
        var end = Math.Min(bytes.Length, committed ?? bytes.Length);
        var start = 0;
        while (start < end && JournalFrame.Read(bytes.Span[start..(int)end], _left, out var record) is > 0 and var length)
        {
            if (record is not null) _records.Add((record, bytes.Slice(start + length - record.Length, record.Length)));
            start += length;
        }

        return (committed ?? bytes.Length) - start;
    }
}
