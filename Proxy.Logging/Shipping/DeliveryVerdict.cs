using System.Security.Authentication;

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

    /// <summary>This one record is too large: send less of it.</summary>
    Truncate,

    /// <summary>This one record will never be taken.</summary>
    DeadLetter,

    /// <summary>Some of it was taken; each record has a verdict of its own.</summary>
    Partial,

    /// <summary>The target speaks otherwise than we thought: write the same records anew.</summary>
    Rebuild,
}

/// <summary>What an answer means for the records of the request. The table of faults, in one place.</summary>
/// <param name="Kind">What to do next.</param>
/// <param name="Reason">A short word for logs: a status or the kind of failure.</param>
/// <param name="After">How long to wait, when the target has said so or we have a fixed time.</param>
/// <param name="Answer">What the target said; for the dead letter only, never for logs.</param>
internal readonly record struct DeliveryVerdict(Delivery Kind, string Reason, TimeSpan? After = null, string Answer = "")
{
    public static readonly TimeSpan ParkTime = TimeSpan.FromSeconds(60);

    /// <summary>The reason of a target whose credentials do not even lead to a token.</summary>
    public const string NoToken = "no access token";

    /// <summary>The reason where somebody answered who is not the target.</summary>
    public const string Unreadable = "unreadable answer";

    private const int TooManyRequests = 429;

    // A target must not silence itself for days by a slip in a header.
    private static readonly TimeSpan MaxRetryAfter = TimeSpan.FromHours(1);

    public bool MustWait => Kind is Delivery.Retry or Delivery.Park;

    /// <summary>Whether there was an answer, however bad: the reason then begins with the status.</summary>
    public bool IsAnswer => Reason == Unreadable || (Reason.Length > 0 && char.IsAsciiDigit(Reason[0]));

    /// <summary>The limit that was met is the host's, or that of an organisation with many projects there.</summary>
    public bool ConcernsHost { get; private init; }

    /// <summary>Of a partial delivery: what became of each record, in their order.</summary>
    public IReadOnlyList<RecordVerdict> Records { get; init; } = [];

    public static DeliveryVerdict Of(int status, TimeSpan? retryAfter, int records, string answer) => status switch
    {
        >= 200 and < 300 => new(Delivery.Delivered, $"{status}"),
        401 or 403 or 404 or 415 => Parked($"{status}"),
        400 or 413 when records > 1 => new(Delivery.Halve, $"{status}"),
        413 => new(Delivery.Truncate, $"{status}", Answer: $"{status} {answer}"),
        400 => new(Delivery.DeadLetter, $"{status}", Answer: $"{status} {answer}"),
        _ => new(Delivery.Retry, $"{status}", Bounded(retryAfter)) { ConcernsHost = status == TooManyRequests },
    };

    public static DeliveryVerdict Of(Exception exception) => exception switch
    {
        OperationCanceledException => new(Delivery.Retry, "timeout"),
        HttpRequestException { InnerException: ForbiddenAddressException } => Parked("forbidden address"),

        // Not a connection that broke while it was made: the other end has shown who it is, and is not who it should be.
        HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError, InnerException: AuthenticationException } => Parked("bad certificate"),
        HttpRequestException { HttpRequestError: var error } => new(Delivery.Retry, $"{error}"),
        _ => new(Delivery.Retry, exception.GetType().Name),
    };

    public static DeliveryVerdict Parked(string reason) => new(Delivery.Park, reason, ParkTime);

    private static TimeSpan? Bounded(TimeSpan? retryAfter) => retryAfter switch
    {
        null => null,
        { } wait when wait < TimeSpan.Zero => TimeSpan.Zero,
        { } wait when wait > MaxRetryAfter => MaxRetryAfter,
        _ => retryAfter,
    };
}

/// <summary>What became of one record of a batch: delivered, to be tried again, or refused for ever.</summary>
internal readonly record struct RecordVerdict(Delivery Kind, string Answer = "");
