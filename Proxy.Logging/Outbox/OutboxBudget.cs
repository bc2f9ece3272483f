namespace Proxy.Logging.Outbox;

/// <summary>How much of its disk the outbox has used.</summary>
public enum OutboxPressure
{
    None,

    /// <summary>Nine tenths: the last one is for records without bodies.</summary>
    High,

    /// <summary>All.</summary>
    Full,
}

/// <summary>Counts the bytes that wait. A month of outage is a matter of disk, and the disk is not without end.</summary>
internal sealed class OutboxBudget
{
    private const int HighPercent = 90;

    private long _bytes;

    public long Bytes => Math.Max(0, Interlocked.Read(ref _bytes));

    /// <summary>The count has passed over something and wants to be corrected.</summary>
    public bool IsRough { get; set; }

    public void Add(long bytes) => Interlocked.Add(ref _bytes, bytes);

    public void Correct(long bytes)
    {
        IsRough = false;
        Interlocked.Exchange(ref _bytes, bytes);
    }

    public OutboxPressure PressureAt(long limit) =>
        Bytes >= limit ? OutboxPressure.Full
        : Bytes >= limit / 100 * HighPercent ? OutboxPressure.High
        : OutboxPressure.None;
}
