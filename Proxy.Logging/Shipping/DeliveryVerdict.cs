namespace Proxy.Logging.Shipping;

internal enum Delivery
{
    /// <summary>Taken: the rows may go.</summary>
    Delivered,

    /// <summary>The same request again, after a while.</summary>
    Retry,

    /// <summary>Somebody must repair the target first; look again now and then.</summary>
    Park,

    /// <summary>Too much for one request, or one record of it is bad: send fewer.</summary>
    Halve,

    /// <summary>This one record will never be taken.</summary>
    DeadLetter,
}

/// <summary>What an answer means for the records of the request. The table of faults, in one place.</summary>
/// <param name="Kind">What to do next.</param>
/// <param name="Reason">A short word for logs: a status or the kind of failure.</param>
/// <param name="After">How long to wait, when the target has said so or we have a fixed time.</param>
/// <param name="Answer">What the target said; for the dead letter only, never for logs.</param>
internal readonly record struct DeliveryVerdict(Delivery Kind, string Reason, TimeSpan? After = null, string Answer = "")
{
    public static readonly TimeSpan ParkTime = TimeSpan.FromSeconds(60);

    // A target must not silence itself for days by a slip in a header.
    private static readonly TimeSpan MaxRetryAfter = TimeSpan.FromHours(1);

    public bool MustWait => Kind is Delivery.Retry or Delivery.Park;

    public static DeliveryVerdict Of(int status, TimeSpan? retryAfter, int records, string answer) => status switch
    {
        >= 200 and < 300 => new(Delivery.Delivered, $"{status}"),
        401 or 403 or 404 => new(Delivery.Park, $"{status}", ParkTime),
        400 or 413 when records > 1 => new(Delivery.Halve, $"{status}"),
        400 or 413 => new(Delivery.DeadLetter, $"{status}", Answer: $"{status} {answer}"),
        _ => new(Delivery.Retry, $"{status}", Bounded(retryAfter)),
    };

    public static DeliveryVerdict Of(Exception exception) => exception switch
    {
        OperationCanceledException => new(Delivery.Retry, "timeout"),
        HttpRequestException { HttpRequestError: var error } => new(Delivery.Retry, $"{error}"),
        _ => new(Delivery.Retry, exception.GetType().Name),
    };

    private static TimeSpan? Bounded(TimeSpan? retryAfter) => retryAfter switch
    {
        null => null,
        { } wait when wait < TimeSpan.Zero => TimeSpan.Zero,
        { } wait when wait > MaxRetryAfter => MaxRetryAfter,
        _ => retryAfter,
    };
}
