using System.Globalization;
using System.Text.RegularExpressions;

namespace Proxy.Management.Bodies;

/// <summary>Life times as clients write them: <c>30s</c>, <c>15m</c>, <c>24h</c>, <c>7d</c>, <c>2w</c>, <c>1mo</c>, <c>1y</c>.</summary>
/// <remarks>Letters that follow the unit are ignored, because clients write <c>1hr</c>, <c>30min</c> and <c>24hours</c> too; anything else is no duration.</remarks>
internal static partial class Durations
{
    /// <summary>The moment that lies the duration after the start.</summary>
    /// <param name="start">From when.</param>
    /// <param name="duration">As the client wrote it.</param>
    /// <param name="end">The moment, when it could be read.</param>
    /// <param name="fault">What is wrong, when it could not.</param>
    public static bool TryAdd(DateTimeOffset start, string duration, out DateTimeOffset end, out string fault)
    {
        end = start;
        if (TryParse(duration, out var count, out var unit, out fault) && !TryAdd(start, count, unit, out end)) fault = TooLong;

        return fault.Length == 0;
    }

    /// <summary>The count and the unit, in lower case, of a duration.</summary>
    public static bool TryParse(string duration, out int count, out string unit, out string fault)
    {
        (count, fault) = (0, "");
        var match = Pattern().Match(duration);
        unit = match.Groups["unit"].Value.ToLowerInvariant();
        if (!match.Success) fault = HasOtherUnit(duration) ? "Unsupported duration unit" : "Invalid duration format";
        else if (unit.Length == 0) fault = "Unsupported duration unit";
        else if (!int.TryParse(match.Groups["count"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out count)) fault = TooLong;

        return fault.Length == 0;
    }

    private static bool HasOtherUnit(string duration) => duration.Length > 0 && char.IsAsciiDigit(duration[0]) && duration.SkipWhile(char.IsAsciiDigit).All(char.IsAsciiLetter);

    private const string TooLong = "The duration is too long";

    private static bool TryAdd(DateTimeOffset start, int count, string unit, out DateTimeOffset end)
    {
        try
        {
            end = unit switch
            {
                "s" => start.AddSeconds(count),
                "m" => start.AddMinutes(count),
                "h" => start.AddHours(count),
                "d" => start.AddDays(count),
                "w" => start.AddDays(7L * count),
                "mo" => start.AddMonths(count),
                _ => start.AddYears(count),
            };
            return true;
        }
        catch (ArgumentOutOfRangeException)
        {
            end = start;
            return false;
        }
    }

    [GeneratedRegex("""^(?<count>[0-9]+)((?<unit>mo|[smhdwy])[a-z]*)?\z""", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Pattern();
}
