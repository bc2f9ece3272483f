using Proxy.Logging.Outbox;
using Proxy.Logging.Records;
using Proxy.Logging.Shipping;

namespace Proxy.Logging;

/// <summary>
/// Takes finished calls. What was committed with <see cref="OutboxEntry.Write"/> is delivered, if need be after the next start.
/// </summary>
public sealed class CompletionLog
{
    private readonly OutboxShipper _shipper;
    private readonly SenderTools _tools;
    private readonly TimeProvider _time;

    internal CompletionLog(OutboxShipper shipper, SenderTools tools, TimeProvider time)
    {
        _shipper = shipper;
        _tools = tools;
        _time = time;
    }

    /// <summary>How much of its disk the outbox has used.</summary>
    public OutboxPressure Pressure => _tools.Budget.PressureAt(_tools.Options.MaxOutboxBytes);

    /// <summary>Renders a record. Quick, without I/O; afterwards the record's memory may be reused.</summary>
    public OutboxEntry Prepare(CompletionRecord record, IReadOnlyList<LogTarget> targets) =>
        Prepare(record, [.. targets.Select(target => new LogRoute(target))], owner: null, policy: null);

    /// <param name="record">The call.</param>
    /// <param name="routes">Where it goes.</param>
    /// <param name="owner">Whose it is: all of an owner's records can be purged.</param>
    /// <param name="policy">What happens when the outbox has used up its disk; null as the settings say.</param>
    public OutboxEntry Prepare(CompletionRecord record, IReadOnlyList<LogRoute> routes, string? owner, LimitPolicy? policy)
    {
        if (routes.Count == 0) return OutboxEntry.Nothing;

        var pressure = Pressure;
        var atLimit = policy ?? _tools.Options.LimitPolicy;
        var isShed = atLimit == LimitPolicy.ShedBodies && pressure != OutboxPressure.None;
        record = isShed ? RecordCut.Shed(record) : MediaCut.Apply(record);

        (byte[] Body, CompletionRecord Record)? whole = null;
        (byte[] Body, CompletionRecord Record)? redacted = null;
        var isTruncated = false;
        var parts = new OutboxPart[routes.Count];
        for (var i = 0; i < parts.Length; i++)
        {
            var (body, rendered) = routes[i].IsRedacted
                ? redacted ??= Render(RecordMask.Both(record), ref isTruncated)
                : whole ??= Render(record, ref isTruncated);
            parts[i] = new(_tools.Targets.Get(routes[i].Target), body, rendered);
            if (isShed) _tools.Metrics.Shed(parts[i].Target.Label);
            if (isTruncated) _tools.Metrics.Truncated(parts[i].Target.Label);
        }

        // Until all is counted it is not known whether a row that would go is on the books.
        var makesRoom = pressure == OutboxPressure.Full && _tools.Census.IsDone && atLimit != LimitPolicy.RefuseCalls;
        return new(_tools.Writer, _time.GetUtcNow().ToUnixTimeMilliseconds(), owner, parts, makesRoom);
    }

    /// <summary>
    /// Wakes the senders; to be called once, after the transaction that holds the entry was committed, and in the order of the commits: what is purged
    /// later must not be handed to a sender afterwards.
    /// </summary>
    public void Committed(OutboxEntry entry)
    {
        if (!entry.IsWritten) return;

        foreach (var part in entry.Parts)
        {
            part.Target.IsStored = true;
            _shipper.Wake(part, entry.Owner);
        }

        if (entry.Dropped.Count == 0) return;

        foreach (var row in entry.Dropped) _tools.Metrics.Dropped(CompletionLogMetrics.LabelOf(row.TargetId), 1);
        _shipper.Removed(entry.Dropped);
    }

    private (byte[] Body, CompletionRecord Record) Render(CompletionRecord record, ref bool isTruncated)
    {
        var rendered = RecordJson.Render(record, _tools.Options.MaxFieldBytes, out var isCut);
        isTruncated |= isCut;
        return rendered;
    }
}
