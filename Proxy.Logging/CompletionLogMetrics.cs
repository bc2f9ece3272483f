using System.Diagnostics.Metrics;

namespace Proxy.Logging;

/// <summary>
/// The books of the log. What waited and was dead at the start + accepted = delivered + waiting + dead letters + purged + dropped, at rest.
/// </summary>
internal sealed class CompletionLogMetrics
{
    public const string MeterName = "Proxy.Logging";

    private const int LabelLength = 12;

    private readonly Meter _meter;
    private readonly Counter<long> _accepted;
    private readonly Counter<long> _delivered;
    private readonly Counter<long> _deadLettered;
    private readonly Counter<long> _revived;
    private readonly Counter<long> _purged;
    private readonly Counter<long> _dropped;
    private readonly Counter<long> _retried;
    private readonly Counter<long> _truncated;
    private readonly Counter<long> _shed;

    public CompletionLogMetrics(IMeterFactory meters)
    {
        _meter = meters.Create(MeterName);
        _accepted = Count("accepted", "{record}", "Records committed to the outbox.");
        _delivered = Count("delivered", "{record}", "Records that their target has taken.");
        _deadLettered = Count("dead_lettered", "{record}", "Records that their target refuses.");
        _revived = Count("revived", "{record}", "Dead letters that wait again.");
        _purged = Count("purged", "{record}", "Records and dead letters removed because somebody asked for it.");
        _dropped = Count("dropped", "{record}", "Records and dead letters removed because they were too old or the disk budget was used up.");
        _retried = Count("retried", "{request}", "Requests that failed and will be repeated.");
        _truncated = Count("truncated", "{record}", "Records that lost the middle of a prompt or of an answer.");
        _shed = Count("shed", "{record}", "Records kept without prompt and answer because the disk budget was nearly used up.");
    }

    /// <summary>Enough of a target's id to tell targets apart; it says nothing about keys.</summary>
    public static string LabelOf(string targetId) => targetId[..LabelLength];

    public void Accepted(string target) => _accepted.Add(1, Tag(target));

    public void Delivered(string target, int count) => _delivered.Add(count, Tag(target));

    public void DeadLettered(string target, int count) => _deadLettered.Add(count, Tag(target));

    public void Revived(string target, int count) => _revived.Add(count, Tag(target));

    public void Purged(string target, long count, bool wasDead) => _purged.Add(count, Tag(target), Source(wasDead));

    public void Dropped(string target, long count, bool wasDead = false) => _dropped.Add(count, Tag(target), Source(wasDead));

    public void Retried(string target) => _retried.Add(1, Tag(target));

    public void Truncated(string target) => _truncated.Add(1, Tag(target));

    public void Shed(string target) => _shed.Add(1, Tag(target));

    public void ObserveWaiting(Func<IReadOnlyList<(string Target, long Count)>> read) => _meter.CreateObservableGauge(
        "completion_log.waiting",
        () => read().Select(waiting => new Measurement<long>(waiting.Count, Tag(waiting.Target))),
        "{record}",
        "Records in the outbox.");

    /// <param name="read">0 for a target that takes records, 1 for one that is tried again, 2 for one that pauses.</param>
    public void ObserveStates(Func<IReadOnlyList<(string Target, int State)>> read) => _meter.CreateObservableGauge(
        "completion_log.target_state",
        () => read().Select(state => new Measurement<int>(state.State, Tag(state.Target))),
        "{state}",
        "0 while a target takes records, 1 while it is tried again, 2 while it is left alone.");

    public void ObserveBytes(Func<long> read) => _meter.CreateObservableGauge(
        "completion_log.outbox_bytes", read, "By", "Bytes of records in the outbox.");

    private Counter<long> Count(string name, string unit, string description) => _meter.CreateCounter<long>("completion_log." + name, unit, description);

    private static KeyValuePair<string, object?> Tag(string target) => new("target", target);

    private static KeyValuePair<string, object?> Source(bool wasDead) => new("source", wasDead ? "dead_letters" : "outbox");
}
