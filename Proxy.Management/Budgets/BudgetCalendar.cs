using Proxy.Management.Bodies;

namespace Proxy.Management.Budgets;

/// <summary>When budgets begin anew: at round moments of the calendar in one time zone.</summary>
/// <remarks><c>1d</c> is midnight, <c>7d</c> and <c>1w</c> Monday, <c>30d</c> and <c>1mo</c> the first of the month, <c>6h</c> the next of 0, 6, 12 and 18 o'clock.</remarks>
public sealed class BudgetCalendar
{
    /// <summary>The zone whose midnight counts. The default value is UTC.</summary>
    public TimeZoneInfo Zone { get; set; } = TimeZoneInfo.Utc;

    /// <summary>Whether a text is a duration that ends some day.</summary>
    public static bool IsDuration(string text) => Durations.TryParse(text, out var count, out _, out _) && count > 0;

    /// <summary>The next reset after a moment; null when the duration is null or cannot be read.</summary>
    internal DateTimeOffset? NextReset(string? duration, DateTimeOffset now)
    {
        if (duration is null || !Durations.TryParse(duration, out var count, out var unit, out _) || count == 0) return null;

        try
        {
            var local = TimeZoneInfo.ConvertTime(now, Zone).DateTime;
            var next = NextLocal(local, count, unit);

            // The hour that a clock change repeats comes twice; the reset waits for the one that is ahead.
            var reset = ToMoment(next);
            while (reset <= now)
            {
                next = NextLocal(next, count, unit);
                reset = ToMoment(next);
            }

            return reset;
        }
        catch (ArgumentOutOfRangeException)
        {
            return null;
        }
    }

    private static DateTime NextLocal(DateTime local, int count, string unit)
    {
        var midnight = local.Date;
        var first = new DateTime(local.Year, local.Month, 1, 0, 0, 0, DateTimeKind.Unspecified);
        return (unit, count) switch
        {
            ("d", 7) => NextMonday(midnight),
            ("d", 30) => first.AddMonths(1),
            ("d", _) => midnight.AddDays(count),
            ("w", _) => NextMonday(midnight).AddDays(7L * (count - 1)),
            ("mo", _) => first.AddMonths(count),
            ("y", _) => new DateTime(local.Year, 1, 1, 0, 0, 0, DateTimeKind.Unspecified).AddYears(count),
            ("h", _) => NextMultiple(local, TimeSpan.FromHours(count)),
            ("m", _) => NextMultiple(local, TimeSpan.FromMinutes(count)),
            _ => NextMultiple(local, TimeSpan.FromSeconds(count)),
        };
    }

    private static DateTime NextMonday(DateTime midnight) => midnight.AddDays(((int)DayOfWeek.Monday - (int)midnight.DayOfWeek + 6) % 7 + 1);

    /// <summary>Multiples are counted from midnight, so that six hours end at 6, 12, 18 and 24 o'clock.</summary>
    private static DateTime NextMultiple(DateTime local, TimeSpan step)
    {
        var steps = local.TimeOfDay.Ticks / step.Ticks + 1;
        var next = local.Date.AddTicks(steps * step.Ticks);
        return step < TimeSpan.FromDays(1) && next > local.Date.AddDays(1) ? local.Date.AddDays(1) : next;
    }

    /// <summary>An hour that a clock change leaves out begins where the gap ends.</summary>
    private DateTimeOffset ToMoment(DateTime local)
    {
        while (Zone.IsInvalidTime(local)) local = local.AddMinutes(15);
        return new DateTimeOffset(local, Zone.GetUtcOffset(local)).ToUniversalTime();
    }
}
