using FluentAssertions;
using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;
using Proxy.Management.Limits;

namespace Proxy.Tests.Limits;

/// <summary>What one deployment may take: on the clock of the test.</summary>
[TestFixture]
internal sealed class CapacityTests
{
    private readonly ManualTimeProvider _time = new();

    [Test]
    public void Attempts_leave_the_window_after_sixty_seconds_and_the_wait_says_when()
    {
        var (capacity, limits) = (new Capacity(_time), new CapacityLimits(RpmLimit: 2, null, null));
        capacity.TryTake(limits, 1)!.End(1);
        _time.Advance(TimeSpan.FromSeconds(20));
        capacity.TryTake(limits, 1)!.End(0);

        capacity.TryTake(limits, 1).Should().BeNull();
        (capacity.IsFull(limits, out var wait), wait).Should().Be((true, TimeSpan.FromSeconds(40)));
        _time.Advance(TimeSpan.FromSeconds(40));

        capacity.TryTake(limits, 1).Should().NotBeNull();
        capacity.IsFull(limits, out _).Should().BeTrue("the second one is still in the window");
    }

    /// <summary>Two attempts are let in, the second with all the tokens; the first leaves the window in 40 seconds.</summary>
    [TestCase(10, 60)]
    [TestCase(100, 40)]
    [TestCase(0, null)]
    public void Where_requests_and_tokens_are_full_the_wait_is_for_both(int tpm, int? seconds)
    {
        var (capacity, limits) = (new Capacity(_time), new CapacityLimits(RpmLimit: 2, TpmLimit: 100, null));
        capacity.TryTake(limits, 0)!.End(0);
        _time.Advance(TimeSpan.FromSeconds(20));
        capacity.TryTake(limits, 10)!.End(10);

        var isFull = capacity.IsFull(limits with { TpmLimit = tpm }, out var wait);

        (isFull, wait?.TotalSeconds).Should().Be((true, (double?)seconds));
    }

    [Test]
    public void Tokens_are_held_by_estimate_and_settled_by_use()
    {
        var (capacity, limits) = (new Capacity(_time), new CapacityLimits(null, TpmLimit: 100, null));
        var first = capacity.TryTake(limits, 100)!;
        capacity.IsFull(limits, out _).Should().BeTrue();

        first.End(30);
        first.End(0);
        capacity.TryTake(limits, 10)!.End(80);

        (capacity.IsFull(limits, out var wait), wait).Should().Be((true, TimeSpan.FromSeconds(60)));
    }

    [Test]
    public void A_limit_of_zero_takes_nothing_and_no_time_changes_that([Values(0, 1, 2)] int which)
    {
        var limits = new CapacityLimits(which == 0 ? 0 : null, which == 1 ? 0 : null, which == 2 ? 0 : null);

        (new Capacity(_time).IsFull(limits, out var wait), wait).Should().Be((true, null));
    }

    [Test]
    public void No_order_of_attempts_ends_and_time_passes_a_limit_or_leaks_a_slot()
    {
        var steps = Gen.Choose(0, 9).Two().Select(pair => (Kind: pair.Item1, Number: pair.Item2)).ListOf();

        Check.One(Config.QuickThrowOnFailure.WithMaxTest(300).WithEndSize(200), Prop.ForAll(steps.ToArbitrary(), run => Holds(run)));
    }

    [Test]
    public void No_interleaving_of_threads_passes_a_limit()
    {
        var (capacity, limits) = (new Capacity(_time), new CapacityLimits(RpmLimit: 50, null, MaxParallelRequests: 3));
        var (now, most, passed) = (0, 0, 0);
        Parallel.For(0, 400, new ParallelOptions { MaxDegreeOfParallelism = 8 }, _ =>
        {
            if (capacity.TryTake(limits, 1) is not { } permit) return;

            var seen = Interlocked.Increment(ref now);
            if (seen > 3) Interlocked.Exchange(ref most, seen);
            Interlocked.Increment(ref passed);
            Interlocked.Decrement(ref now);
            permit.End(1);
        });

        (most, passed <= 50, capacity.Slots).Should().Be((0, true, 0L));
    }

    private static bool Holds(IEnumerable<(int Kind, int Number)> run)
    {
        var (time, limits) = (new ManualTimeProvider(), new CapacityLimits(RpmLimit: 12, TpmLimit: 200, MaxParallelRequests: 4));
        var capacity = new Capacity(time);
        var open = new List<CapacityPermit>();
        var taken = new List<DateTimeOffset>();
        foreach (var (kind, number) in run)
        {
            if (kind < 5)
            {
                if (capacity.TryTake(limits, number * 10) is not { } permit) continue;
                open.Add(permit);
                taken.Add(time.GetUtcNow());
            }
            else if (kind == 9)
            {
                time.Advance(TimeSpan.FromSeconds(number));
            }
            else if (open.Count > 0)
            {
                var permit = open[number % open.Count];
                open.Remove(permit);
                permit.End(kind == 5 ? null : number * 20);
                permit.End(0);
            }

            if (capacity.Slots != open.Count || open.Count > 4 || taken.Count(at => at > time.GetUtcNow() - TimeSpan.FromSeconds(60)) > 12) return false;
        }

        foreach (var permit in open) permit.End(0);
        time.Advance(TimeSpan.FromSeconds(61));
        return capacity.Slots == 0 && !capacity.IsFull(limits, out _);
    }
}
