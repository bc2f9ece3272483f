using FluentAssertions;
using NUnit.Framework;
using Proxy.Host.Answers;

namespace Proxy.Tests.Answers;

internal sealed class KeptBodyTests
{
    [Test]
    public void It_keeps_a_body_however_long_it_said_it_would_be(
        [Values(null, 0L, 1L, 1023L, 1024L, 8191L, 8192L, 40_000L, long.MaxValue)] long? claimed, [Values(1, 1000, 1024, 8192, 100_000)] int length, [Values(1, 700, 5000)] int piece)
    {
        using var kept = new KeptBody(claimed);
        for (var read = 0; read < length;)
        {
            var room = kept.Free().Span;
            var count = Math.Min(Math.Min(piece, room.Length), length - read);
            count.Should().BePositive();
            for (var i = 0; i < count; i++) room[i] = (byte)(read + i);
            kept.Advance(count, default);
            read += count;
        }

        // The end is only seen by a read that has room.
        kept.Free().Length.Should().BePositive();
        kept.Memory.ToArray().Should().Equal(Enumerable.Range(0, length).Select(static index => (byte)index));
    }

    [Test]
    public void A_short_body_takes_little_and_a_claim_takes_nothing()
    {
        using var shortBody = new KeptBody(800);
        using var claim = new KeptBody(1L << 40);

        shortBody.Free().Length.Should().BeLessThan(2000);
        claim.Free().Length.Should().BeLessThan(17_000);
    }
}
