using FluentAssertions;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;
using Proxy.Logging.Shipping;

namespace Proxy.Tests.Logging;

/// <summary>How long a sender waits between one failure and the next try.</summary>
internal sealed class RetryPipelinesTests
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);

    /// <remarks>So many failures that two to their number is no number any more: the delay must neither run over nor end.</remarks>
    [Test]
    public async Task A_day_of_outage_is_waited_for_a_minute_at_a_time()
    {
        const int Failures = 1500;
        var time = new ManualTimeProvider();
        var begun = time.GetUtcNow();
        var calls = 0;
        using var called = new SemaphoreSlim(0);
        var delays = new List<TimeSpan>();
        var sending = new RetryPipelines(time, NullLogger<RetryPipelines>.Instance).Sending.ExecuteAsync(
            _ =>
            {
                called.Release();
                return new ValueTask<DeliveryVerdict>(DeliveryVerdict.Of(++calls > Failures ? 200 : 500, null, 1, ""));
            },
            CancellationToken.None).AsTask();

        for (var failure = 0; failure < Failures; failure++)
        {
            (await called.WaitAsync(TimeSpan.FromSeconds(20))).Should().BeTrue("the pipeline tries on");
            long delay = 0;
            await time.WaitForTimerAsync(due =>
            {
                Volatile.Write(ref delay, due.Ticks);
                return true;
            });
            delays.Add(TimeSpan.FromTicks(Volatile.Read(ref delay)));
            time.Advance(delays[^1]);
        }

        (await sending).Kind.Should().Be(Delivery.Delivered);
        delays.Should().OnlyContain(delay => delay > TimeSpan.Zero && delay <= Longest);
        delays[0].Should().BeLessThan(TimeSpan.FromSeconds(5));
        delays[^100..].Should().OnlyContain(delay => delay == Longest);
        (time.GetUtcNow() - begun).Should().BeGreaterThan(TimeSpan.FromDays(1));
    }
}
