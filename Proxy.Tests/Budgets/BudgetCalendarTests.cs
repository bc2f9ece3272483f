using System.Globalization;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Management.Budgets;

namespace Proxy.Tests.Budgets;

[TestFixture]
internal sealed class BudgetCalendarTests
{
    // 2026-11-21 is a Saturday.
    [TestCase("1d", "2026-11-21T12:00:00Z", "2026-11-22T00:00:00Z")]
    [TestCase("24hours", "2026-11-21T12:00:00Z", "2026-11-22T00:00:00Z")]
    [TestCase("7d", "2026-11-21T12:00:00Z", "2026-11-23T00:00:00Z")]
    [TestCase("7d", "2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z")]
    [TestCase("1w", "2026-11-21T12:00:00Z", "2026-11-23T00:00:00Z")]
    [TestCase("2w", "2026-11-21T12:00:00Z", "2026-11-30T00:00:00Z")]
    [TestCase("30d", "2026-11-21T12:00:00Z", "2026-12-01T00:00:00Z")]
    [TestCase("1mo", "2026-12-31T23:59:59Z", "2027-01-01T00:00:00Z")]
    [TestCase("3mo", "2026-11-21T12:00:00Z", "2027-02-01T00:00:00Z")]
    [TestCase("3d", "2026-11-21T12:00:00Z", "2026-11-24T00:00:00Z")]
    [TestCase("1y", "2026-11-21T12:00:00Z", "2027-01-01T00:00:00Z")]
    [TestCase("6h", "2026-11-21T12:00:00Z", "2026-11-21T18:00:00Z")]
    [TestCase("6h", "2026-11-21T18:00:01Z", "2026-11-22T00:00:00Z")]
    [TestCase("5h", "2026-11-21T21:00:00Z", "2026-11-22T00:00:00Z")]
    [TestCase("30m", "2026-11-21T12:10:00Z", "2026-11-21T12:30:00Z")]
    [TestCase("45s", "2026-11-21T12:00:50Z", "2026-11-21T12:01:30Z")]
    public void A_period_ends_at_a_round_moment(string duration, string now, string expected)
    {
        new BudgetCalendar().NextReset(duration, At(now)).Should().Be(At(expected));
    }

    [TestCase("1d", "2026-11-21T23:30:00Z", "2026-11-22T23:00:00Z")]
    [TestCase("1d", "2026-03-28T23:30:00Z", "2026-03-29T22:00:00Z")]
    [TestCase("1h", "2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z")]
    [TestCase("1h", "2026-10-25T00:30:00Z", "2026-10-25T02:00:00Z")]
    public void Midnight_is_the_one_of_the_time_zone(string duration, string now, string expected)
    {
        var calendar = new BudgetCalendar { Zone = TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin") };

        calendar.NextReset(duration, At(now)).Should().Be(At(expected));
    }

    [TestCase("")]
    [TestCase("soon")]
    [TestCase("7")]
    [TestCase("0d")]
    [TestCase("99999y")]
    public void What_cannot_be_read_has_no_reset(string duration)
    {
        new BudgetCalendar().NextReset(duration, At("2026-11-21T12:00:00Z")).Should().BeNull();
    }

    private static DateTimeOffset At(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}
