using Proxy.Logging.Outbox;
using Proxy.Logging.Records;
using Proxy.Logging.Shipping;

namespace Proxy.Logging;

/// <summary>
/// Takes finished calls. What was committed with <see cref="OutboxEntry.Write"/> is delivered, if need be after the next start.
/// </summary>
public sealed class CompletionLog
{
    // The head of a record, and what a format says of it.
    private const int UsualFactBytes = 1280;

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

        var usual = UsualFactBytes + Bound(record.Parameters) + Bound(record.Input) + Bound(record.Output);
        var bytes = new PooledBuffer((1 + routes.Count) * usual, CallMemory.Pool);
        (CompletionRecord Record, Slice Body)? whole = null;
        (CompletionRecord Record, Slice Body)? redacted = null;
        var isTruncated = false;
        var parts = new OutboxPart[routes.Count];
        for (var i = 0; i < parts.Length; i++)
        {
            var (told, body) = routes[i].IsRedacted
                ? redacted ??= WriteBody(bytes, RecordMask.Both(record), ref isTruncated)
                : whole ??= WriteBody(bytes, record, ref isTruncated);
            parts[i] = Render(bytes, told, body, _tools.Targets.Get(routes[i].Target));
            if (isShed) _tools.Metrics.Shed(parts[i].Target.Label);
            if (isTruncated) _tools.Metrics.Truncated(parts[i].Target.Label);
        }

        // Until all is counted it is not known whether a row that would go is on the books.
        var makesRoom = pressure == OutboxPressure.Full && _tools.Census.IsDone && atLimit != LimitPolicy.RefuseCalls;
        return new(_tools.Writer, new(record.Id, record.EndedAt), _time.GetUtcNow().ToUnixTimeMilliseconds(), owner, bytes, parts, makesRoom);
    }

    /// <summary>
    /// Wakes the senders; to be called once, after the transaction that holds the entry was committed, and in the order of the commits: what is purged
    /// later must not be handed to a sender afterwards.
    /// </summary>
    public void Committed(OutboxEntry entry)
    {
        if (entry.IsWritten) Wake(entry);
        entry.Release();
    }

    private void Wake(OutboxEntry entry)
    {
        foreach (var part in entry.Parts)
        {
            part.Target.IsStored = true;
            _shipper.Wake(entry, part);
        }

        if (entry.Dropped.Count == 0) return;

        foreach (var row in entry.Dropped) _tools.Metrics.Dropped(CompletionLogMetrics.LabelOf(row.TargetId), row.Rows);
        _shipper.Removed(entry.Dropped);
    }

    /// <summary>What of a field comes into a record.</summary>
    private int Bound(ReadOnlyMemory<byte> field) => Math.Min(field.Length, _tools.Options.MaxFieldBytes);

    /// <summary>Writes a record as it waits in the outbox.</summary>
    /// <returns>What was written, which is what would be read back.</returns>
    private (CompletionRecord Record, Slice Body) WriteBody(PooledBuffer bytes, CompletionRecord record, ref bool isTruncated)
    {
        var bound = RecordCut.Apply(record, _tools.Options.MaxFieldBytes);
        isTruncated |= !ReferenceEquals(bound.Metadata, record.Metadata);
        var start = bytes.Count;
        RecordJson.Write(bytes, bound);
        return (bound, new(start, bytes.Count - start));
    }

    /// <summary>Writes a record as its target takes it, while all of it is at hand. Where it will be read from the outbox anyway, nothing is written.</summary>
    private OutboxPart Render(PooledBuffer bytes, CompletionRecord record, Slice body, OutboxTarget target)
    {
        var start = bytes.Count;
        try
        {
            if (!target.IsBehind)
            {
                var format = target.Format ?? _tools.Destinations.Of(target.Target).UsualFormat;
                format.Write(bytes, record, target.Target);
                return new(target, body, format, new(start, bytes.Count - start));
            }
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // It is found again in the outbox, and treated there.
            bytes.Truncate(start);
        }

        return new(target, body, Format: null, Rendered: default);
    }
}
