using Microsoft.Extensions.Options;
using Proxy.Logging.Http;
using Proxy.Logging.Outbox;

namespace Proxy.Logging.Shipping;

/// <summary>What all senders share.</summary>
internal sealed class SenderTools(
    OutboxStore store,
    OutboxSurvey survey,
    OutboxJournal journal,
    OutboxWriter writer,
    OutboxTargets targets,
    LogDestinations destinations,
    SenderPatience patience,
    CompletionLogMetrics metrics,
    IOptionsMonitor<CompletionLogOptions> options,
    ITargetWatch? watch = null)
{
    public OutboxStore Store { get; } = store;

    public OutboxSurvey Survey { get; } = survey;

    public OutboxJournal Journal { get; } = journal;

    public OutboxWriter Writer { get; } = writer;

    public OutboxTargets Targets { get; } = targets;

    public LogDestinations Destinations { get; } = destinations;

    public RetryPipelines Retries => patience.Retries;

    public HostPauses Pauses => patience.Pauses;

    public OutboxBudget Budget => patience.Budget;

    public OutboxCensus Census => patience.Census;

    public KnownPlaces Places => patience.Places;

    public HandoverRoom Room => patience.Room;

    public CompletionLogMetrics Metrics { get; } = metrics;

    /// <summary>Null where nobody wants to know.</summary>
    public ITargetWatch? Watch { get; } = watch;

    public CompletionLogOptions Options => options.CurrentValue;
}

/// <summary>What holds for all targets together: how failures are repeated, which hosts pause or are near, how much disk and memory is left.</summary>
internal sealed record SenderPatience(RetryPipelines Retries, HostPauses Pauses, OutboxBudget Budget, OutboxCensus Census, HandoverRoom Room, KnownPlaces Places);
