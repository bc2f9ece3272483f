using FluentAssertions;
using NUnit.Framework;
using Proxy.Host.Failover;

namespace Proxy.Tests.Failover;

/// <summary>What lies between the attempts of a call, on the clock of the test.</summary>
internal sealed class AttemptBackoffTests
{
    private static readonly AttemptStep AtOnce = new(null!, TimeSpan.Zero);
    private static readonly AttemptStep Usual = new(null!, null);

    private readonly ManualTimeProvider _time = new();
    private readonly List<TimeSpan> _attempts = [];

    [Test]
    public async Task A_step_that_need_not_wait_is_taken_at_once_and_the_first_attempt_is_not_made_again()
    {
        await GoOnAsync(AtOnce, AtOnce, null);

        _attempts.Should().Equal(TimeSpan.Zero, TimeSpan.Zero);
    }

    [Test]
    public async Task What_a_provider_asks_for_is_waited_for_exactly()
    {
        var going = GoOnAsync(new AttemptStep(null!, TimeSpan.FromSeconds(7)), null);
        await _time.WaitForTimerAsync(TimeSpan.FromSeconds(7));

        _time.Advance(TimeSpan.FromSeconds(7));
        await going;

        _attempts.Should().Equal(TimeSpan.FromSeconds(7));
    }

    [Test]
    public async Task The_usual_wait_grows_by_chance_and_to_ten_seconds_at_most()
    {
        var going = GoOnAsync([.. Enumerable.Repeat(Usual, 12), null]);
        while (!going.IsCompleted)
        {
            var next = TimeSpan.Zero;
            await Task.WhenAny(going, _time.WaitForTimerAsync(rest => (next = rest) > TimeSpan.Zero));
            _time.Advance(next);
        }

        var waits = _attempts.Zip(_attempts.Prepend(TimeSpan.Zero), (at, before) => at - before).ToList();
        waits.Should().HaveCount(12).And.OnlyContain(wait => wait > TimeSpan.Zero && wait <= TimeSpan.FromSeconds(10));
        waits.Take(3).Should().OnlyHaveUniqueItems();
        waits[0].Should().BeLessThan(TimeSpan.FromSeconds(1));
        waits.Max().Should().BeGreaterThan(TimeSpan.FromSeconds(5));
    }

    [Test]
    public async Task A_client_that_leaves_is_not_waited_for()
    {
        using var left = new CancellationTokenSource();
        var going = new AttemptBackoff(_time).GoOnAsync(new AttemptStep(null!, TimeSpan.FromSeconds(7)), _ => throw new AssertionException("Nobody waits."), left.Token);
        await _time.WaitForTimerAsync(TimeSpan.FromSeconds(7));

        await left.CancelAsync();

        await going.Awaiting(task => task).Should().ThrowAsync<OperationCanceledException>();
    }

    /// <param name="steps">What follows the first attempt, and then what each further one leads to.</param>
    private Task GoOnAsync(params AttemptStep?[] steps)
    {
        var started = _time.GetUtcNow();
        return new AttemptBackoff(_time).GoOnAsync(
            steps[0]!,
            _ =>
            {
                _attempts.Add(_time.GetUtcNow() - started);
                return new(steps[_attempts.Count]);
            },
            CancellationToken.None);
    }
}
