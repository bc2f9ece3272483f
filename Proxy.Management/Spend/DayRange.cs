using System.Globalization;
using Proxy.Management.Errors;

namespace Proxy.Management.Spend;

/// <summary>Days from one to another, both in it, as days since 1970 in UTC.</summary>
internal readonly record struct DayRange(long From, long To)
{
    public const int MaxDays = 400;
    private const string Format = "yyyy-MM-dd";

    public static string Show(long day) => DateOnly.FromDateTime(DateTime.UnixEpoch.AddDays(day)).ToString(Format, CultureInfo.InvariantCulture);

    /// <summary>The days that a query names, and where it names none the last ones up to today.</summary>
    public static (DayRange Range, ProxyError? Error) Read(
        string? start, string? end, DateTimeOffset now, int otherwiseDays = 30, string startField = "start_date", string endField = "end_date")
    {
        var today = SpendDay.DayOf(now);
        if (!TryParse(end, today, out var to)) return (default, Fault(endField));
        if (!TryParse(start, to - otherwiseDays + 1, out var from)) return (default, Fault(startField));
        if (from > to) return (default, ProxyError.BadRequest($"'{startField}' must not be after '{endField}'.", startField));

        return to - from < MaxDays
            ? (new DayRange(from, to), null)
            : (default, ProxyError.BadRequest($"'{startField}' and '{endField}' must not be more than {MaxDays} days apart.", startField));
    }

    private static bool TryParse(string? text, long otherwise, out long day)
    {
        day = otherwise;
        if (string.IsNullOrEmpty(text)) return true;
        if (!DateOnly.TryParseExact(text, Format, CultureInfo.InvariantCulture, DateTimeStyles.None, out var date) || date.Year < 1970) return false;

        day = SpendDay.DayOf(new DateTimeOffset(date.ToDateTime(default), TimeSpan.Zero));
        return true;
    }

    private static ProxyError Fault(string name) => ProxyError.BadRequest($"'{name}' must be a day such as 2026-01-31.", name);
}
