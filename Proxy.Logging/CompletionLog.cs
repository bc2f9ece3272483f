using Microsoft.Extensions.Options;
using Proxy.Logging.Outbox;
using Proxy.Logging.Records;
using Proxy.Logging.Shipping;

namespace Proxy.Logging;

/// <summary>
/// Takes finished calls. What was committed with <see cref="OutboxEntry.Write"/> is delivered, if need be after the next start.
/// </summary>
public sealed class CompletionLog
{
    private readonly OutboxTargets _targets;
    private readonly OutboxShipper _shipper;
    private readonly IOptionsMonitor<CompletionLogOptions> _options;
    private readonly TimeProvider _time;

    internal CompletionLog(
        OutboxTargets targets, OutboxShipper shipper, IOptionsMonitor<CompletionLogOptions> options, TimeProvider time)
    {
        _targets = targets;
        _shipper = shipper;
        _options = options;
        _time = time;
    }

    /// <summary>Renders a record. Quick, without I/O; afterwards the record's memory may be reused.</summary>
    public OutboxEntry Prepare(CompletionRecord record, IReadOnlyList<LogTarget> targets)
    {
        if (targets.Count == 0) return new([], 0, []);

        var outboxTargets = new OutboxTarget[targets.Count];
        for (var i = 0; i < outboxTargets.Length; i++) outboxTargets[i] = _targets.Get(targets[i]);
        var body = RecordJson.Write(record, _options.CurrentValue.MaxFieldBytes);
        return new(body, _time.GetUtcNow().ToUnixTimeMilliseconds(), outboxTargets);
    }

    /// <summary>Wakes the senders; to be called once, after the transaction that holds the entry was committed.</summary>
    public void Committed(OutboxEntry entry)
    {
        foreach (var target in entry.Targets)
        {
            target.IsStored = true;
            _shipper.Wake(target, entry.Body.Length);
        }
    }
}
