using System.Diagnostics.Metrics;

namespace Proxy.Logging;

/// <summary>The books of the log. At rest, what waited at the start + accepted = delivered + waiting + dead-lettered.</summary>
internal sealed class CompletionLogMetrics
{
    public const string MeterName = "Proxy.Logging";

    private const int LabelLength = 12;

    private readonly Meter _meter;
    private readonly Counter<long> _accepted;
    private readonly Counter<long> _delivered;
    private readonly Counter<long> _deadLettered;
    private readonly Counter<long> _retried;

    public CompletionLogMetrics(IMeterFactory meters)
    {
        _meter = meters.Create(MeterName);
        _accepted = _meter.CreateCounter<long>("completion_log.accepted", "{record}", "Records committed to the outbox.");
        _delivered = _meter.CreateCounter<long>("completion_log.delivered", "{record}", "Records that their target has taken.");
        _deadLettered = _meter.CreateCounter<long>("completion_log.dead_lettered", "{record}", "Records that their target refuses.");
        _retried = _meter.CreateCounter<long>("completion_log.retried", "{request}", "Requests that failed and will be repeated.");
    }

    /// <summary>Enough of a target's id to tell targets apart; it says nothing about keys.</summary>
    public static string LabelOf(string targetId) => targetId[..LabelLength];

    public void Accepted(string target) => _accepted.Add(1, Tag(target));

    public void Delivered(string target, int count) => _delivered.Add(count, Tag(target));

    public void DeadLettered(string target) => _deadLettered.Add(1, Tag(target));

    public void Retried(string target) => _retried.Add(1, Tag(target));

    public void ObserveWaiting(Func<IReadOnlyList<(string Target, long Count)>> read) => _meter.CreateObservableGauge(
        "completion_log.waiting",
        () => read().Select(waiting => new Measurement<long>(waiting.Count, Tag(waiting.Target))),
        "{record}",
        "Records in the outbox.");

    private static KeyValuePair<string, object?> Tag(string target) => new("target", target);
}
