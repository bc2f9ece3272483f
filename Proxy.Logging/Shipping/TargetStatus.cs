namespace Proxy.Logging.Shipping;

/// <summary>How a target is, for those who look after it. Written by its sender only.</summary>
internal sealed class TargetStatus
{
    private volatile Trouble? _trouble;
    private long _deliveredAt;

    /// <summary>Null when the last request was taken, or none was made.</summary>
    public Trouble? Trouble
    {
        get => _trouble;
        set => _trouble = value;
    }

    /// <summary>Unix milliseconds; 0 for never.</summary>
    public long DeliveredAt
    {
        get => Interlocked.Read(ref _deliveredAt);
        set => Interlocked.Exchange(ref _deliveredAt, value);
    }
}

/// <summary>What is wrong with a target, and since when.</summary>
internal sealed record Trouble(string Reason, bool IsParked, DateTimeOffset Since);
