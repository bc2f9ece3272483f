using Polly;
using Polly.Retry;

namespace Proxy.Host.Failover;

/// <summary>The waits between the attempts of a call. One whose first attempt goes well never comes here.</summary>
internal sealed class AttemptBackoff(TimeProvider time)
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(10);

    private readonly ResiliencePipeline<AttemptStep?> _pipeline = Build(time);

    /// <summary>Makes further attempts until none is to follow or the client leaves.</summary>
    /// <param name="step">What is to follow the first attempt.</param>
    /// <param name="attemptAsync">Makes one, and says what is to follow.</param>
    /// <param name="clientLeft">Ends the waiting.</param>
    public async Task GoOnAsync(AttemptStep step, Func<AttemptStep, ValueTask<AttemptStep?>> attemptAsync, CancellationToken clientLeft)
    {
        var next = (AttemptStep?)step;
        var isFirst = true;
        await _pipeline.ExecuteAsync(
            async _ =>
            {
                // The first attempt has been made already: it is only told.
                if (!isFirst) next = await attemptAsync(next!);
                isFirst = false;
                return next;
            },
            clientLeft);
    }

    /// <remarks>How often is not decided here: an attempt says itself whether another one follows.</remarks>
    private static ResiliencePipeline<AttemptStep?> Build(TimeProvider time) =>
        new ResiliencePipelineBuilder<AttemptStep?> { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions<AttemptStep?>
            {
                ShouldHandle = static arguments => new(arguments.Outcome.Result is not null),
                DelayGenerator = static arguments => new(arguments.Outcome.Result!.Delay),
                MaxRetryAttempts = int.MaxValue,
                BackoffType = DelayBackoffType.Exponential,

                // So that callers who failed together do not come back together.
                UseJitter = true,
                Delay = FirstDelay,
                MaxDelay = LongestDelay,
            })
            .Build();
}
