namespace Proxy.Logging.Outbox;

/// <summary>What is read of the files of an earlier run.</summary>
internal sealed class JournalReading
{
    private readonly List<(JournalRecord Record, ReadOnlyMemory<byte> Body)> _records = [];
    private readonly HashSet<long> _left = [];

    /// <summary>The records that had not left, in the order in which they came.</summary>
    public IEnumerable<(JournalRecord Record, ReadOnlyMemory<byte> Body)> Waiting => _records.Where(row => !_left.Contains(row.Record.Id));

    /// <param name="number">The number of a file.</param>
    /// <param name="bytes">All that is in it.</param>
    /// <param name="committed">How much of it counts; null for all that is there.</param>
    /// <returns>How many bytes should be there and cannot be read.</returns>
    public long Read(long number, ReadOnlyMemory<byte> bytes, long? committed)
    {
        // A gateway of an earlier version may have left the file, which its first frame tells. A run writes only into files that it has made, so in none there are
        // frames of both kinds, not even behind its end.
        if (JournalFrame.Read(bytes.Span, number, left: null, out _) == 0) number = JournalFrame.NoNumber;

        var end = Math.Min(bytes.Length, committed ?? bytes.Length);
        var start = 0;
        while (start < end && JournalFrame.Read(bytes.Span[start..(int)end], number, _left, out var record) is > 0 and var length)
        {
            if (record is { } found) _records.Add((found, bytes.Slice(start + length - found.Length, found.Length)));
            start += length;
        }

        return (committed ?? bytes.Length) - start;
    }
}
