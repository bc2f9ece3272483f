namespace Proxy.Host.Recording;

/// <summary>How many refusals of callers that nobody knows are recorded in a minute. The rest are only counted.</summary>
internal sealed class RefusalBudget(TimeProvider time)
{
    private const int PerMinute = 600;

    private readonly Lock _lock = new();
    private long _minute;
    private int _spent;

    public bool TrySpend()
    {
        var minute = time.GetUtcNow().ToUnixTimeSeconds() / 60;
        lock (_lock)
        {
            if (minute != _minute) (_minute, _spent) = (minute, 0);
            return _spent++ < PerMinute;
        }
    }
}
