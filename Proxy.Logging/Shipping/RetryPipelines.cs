using Microsoft.Extensions.Logging;
using Polly;
using Polly.Retry;

namespace Proxy.Logging.Shipping;

/// <summary>How to go on after a failure: for ever, and more slowly each time. Shared by all senders; they keep no state of a target.</summary>
internal sealed partial class RetryPipelines
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(60);

    private readonly ILogger<RetryPipelines> _logger;

    public RetryPipelines(TimeProvider time, ILogger<RetryPipelines> logger)
    {
        _logger = logger;
        Sending = BuildSending(time);
        Settling = BuildSettling(time);
    }

    /// <summary>Repeats a request until its verdict is one that does not wait.</summary>
    public ResiliencePipeline<DeliveryVerdict> Sending { get; }

    /// <summary>Repeats a write to the database: what was sent must not be sent again because its rows could not be removed.</summary>
    public ResiliencePipeline Settling { get; }

    private static ResiliencePipeline<DeliveryVerdict> BuildSending(TimeProvider time) =>
        new ResiliencePipelineBuilder<DeliveryVerdict> { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions<DeliveryVerdict>
            {
                ShouldHandle = static arguments => new(arguments.Outcome.Result.MustWait),
                DelayGenerator = static arguments => new(arguments.Outcome.Result.After),
                MaxRetryAttempts = int.MaxValue,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = FirstDelay,
                MaxDelay = LongestDelay,
            })
            .Build();

    private ResiliencePipeline BuildSettling(TimeProvider time) =>
        new ResiliencePipelineBuilder { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = new PredicateBuilder().Handle<Exception>(exception => exception is not OperationCanceledException),
                OnRetry = arguments =>
                {
                    LogSettlingFailed(arguments.Outcome.Exception);
                    return default;
                },
                MaxRetryAttempts = int.MaxValue,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = FirstDelay,
                MaxDelay = LongestDelay,
            })
            .Build();

    [LoggerMessage(LogLevel.Error, "Could not remove sent records from the outbox; will try again.")]
    private partial void LogSettlingFailed(Exception? exception);
}
