using System.Globalization;
using FluentAssertions;
using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;
using Proxy.Management.Bodies;

namespace Proxy.Tests.Management;

/// <summary>Life times as clients write them.</summary>
internal sealed class DurationTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 31, 10, 20, 30, TimeSpan.Zero);

    [TestCase("30s", "2026-01-31 10:21:00")]
    [TestCase("15m", "2026-01-31 10:35:30")]
    [TestCase("1H", "2026-01-31 11:20:30")]
    [TestCase("24hours", "2026-02-01 10:20:30")]
    [TestCase("30min", "2026-01-31 10:50:30")]
    [TestCase("7d", "2026-02-07 10:20:30")]
    [TestCase("2w", "2026-02-14 10:20:30")]
    [TestCase("1mo", "2026-02-28 10:20:30")]
    [TestCase("13mo", "2027-02-28 10:20:30")]
    [TestCase("1month", "2026-02-28 10:20:30")]
    [TestCase("1y", "2027-01-31 10:20:30")]
    public void A_duration_ends_where_the_calendar_says(string duration, string end)
    {
        Durations.TryAdd(Start, duration, out var moment, out _).Should().BeTrue();

        moment.Should().Be(DateTimeOffset.Parse(end, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal));
    }

    [TestCase("1y6mo")]
    [TestCase("-1d")]
    [TestCase("1.5h")]
    [TestCase(" 1d")]
    [TestCase("1d ")]
    [TestCase("1d\n")]
    [TestCase("1d;x")]
    [TestCase("d")]
    [TestCase("")]
    [TestCase("30")]
    [TestCase("1x")]
    [TestCase("٣d")]
    [TestCase("99999999999d")]
    [TestCase("2000000000y")]
    public void What_is_none_is_refused(string duration) => Durations.TryAdd(Start, duration, out _, out _).Should().BeFalse();

    [Test]
    public void More_is_never_sooner_and_a_text_means_one_thing_or_nothing()
    {
        var units = Gen.Elements("s", "m", "h", "d", "w", "mo", "y");
        var counts = Gen.Choose(1, 5000);
        var texts = Gen.ArrayOf(Gen.Elements("0123456789smhdwyo-. ".ToCharArray())).Select(characters => new string(characters));

        Check.One(Config.QuickThrowOnFailure, Prop.ForAll(units.ToArbitrary(), counts.ToArbitrary(), (unit, count) =>
            EndOf($"{count}{unit}") is { } end && end > Start && (EndOf($"{count + 1}{unit}") ?? DateTimeOffset.MaxValue) > end));
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(2000), Prop.ForAll(texts.ToArbitrary(), text =>
            !Durations.TryParse(text, out var count, out var unit, out _)
            || (text.StartsWith($"{new string(text.TakeWhile(char.IsAsciiDigit).ToArray())}{unit}", StringComparison.Ordinal)
                && int.Parse(new string(text.TakeWhile(char.IsAsciiDigit).ToArray()), CultureInfo.InvariantCulture) == count
                && text.SkipWhile(char.IsAsciiDigit).All(char.IsAsciiLetter)
                && (unit != "m" || !text.TrimStart([.. "0123456789"]).StartsWith("mo", StringComparison.Ordinal)))));
    }

    private static DateTimeOffset? EndOf(string duration) => Durations.TryAdd(Start, duration, out var end, out _) ? end : null;
}
