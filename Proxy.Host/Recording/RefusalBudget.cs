namespace Proxy.Host.Recording;

/// <summary>How many refusals at the door are recorded in a minute: of callers that nobody knows, and of known ones. The rest are only counted.</summary>
internal sealed class RefusalBudget(TimeProvider time)
{
    private const int PerMinute = 600;

    private readonly Lock _lock = new();
    private long _minute;
    private int _unknown;
    private int _known;

    public bool TrySpend(bool isKnown)
    {
        var minute = time.GetUtcNow().ToUnixTimeSeconds() / 60;
        lock (_lock)
        {
            if (minute != _minute) (_minute, _unknown, _known) = (minute, 0, 0);
            return (isKnown ? _known++ : _unknown++) < PerMinute;
        }
    }
}
