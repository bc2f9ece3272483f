using Microsoft.Extensions.Logging;
using Proxy.Logging.Outbox;

namespace Proxy.Logging.Shipping;

/// <summary>Takes rows out of the outbox once their fate is known, and books it.</summary>
internal sealed partial class Settlement(TargetSender sender, SenderTools tools, ILogger logger)
{
    private const int ShownAnswer = 1024;

    public async Task SettleAsync(IReadOnlyList<StoredRow> rows, CancellationToken abort)
    {
        var removed = await RemoveAsync(token => tools.Store.DeleteAsync(sender.TargetId, [.. rows.Select(row => row.Id)], token), rows, abort);
        if (removed > 0) tools.Metrics.Delivered(sender.Label, removed);
    }

    /// <returns>Whether nothing of the batch is left.</returns>
    public async Task<bool> SettlePartlyAsync(RecordBatch batch, DeliveryVerdict verdict, CancellationToken abort)
    {
        var taken = new List<StoredRow>();
        var refused = new List<(StoredRow Row, string Answer)>();
        for (var i = 0; i < batch.Rows.Count; i++)
        {
            var record = verdict.Records[i];
            if (record.Kind == Delivery.Delivered) taken.Add(batch.Rows[i]);
            else if (record.Kind == Delivery.DeadLetter) refused.Add((batch.Rows[i], record.Answer));
        }

        if (taken.Count > 0) await SettleAsync(taken, abort);
        foreach (var (row, answer) in refused) await BuryAsync(row, "refused alone", answer, abort);
        return taken.Count + refused.Count == batch.Rows.Count;
    }

    public async Task BuryAsync(StoredRow row, string reason, string answer, CancellationToken abort)
    {
        var text = answer.Length <= ShownAnswer ? answer : answer[..ShownAnswer];
        var removed = await RemoveAsync(token => tools.Store.BuryAsync(sender.TargetId, row, text, token), [row], abort);
        if (removed == 0) return;

        tools.Metrics.DeadLettered(sender.Label, removed);
        LogDeadLettered(logger, sender.Label, row.Id, reason);
    }

    /// <remarks>Each attempt holds the count for itself: one that waits for the database must not keep it from others.</remarks>
    private async Task<int> RemoveAsync(Func<CancellationToken, Task<int>> remove, IReadOnlyList<StoredRow> rows, CancellationToken abort) =>
        await tools.Retries.Settling.ExecuteAsync(
            async token =>
            {
                using var hold = await tools.Census.HoldAsync(token);
                var removed = await remove(token);
                Book(rows, removed);
                return removed;
            },
            abort);

    private void Book(IReadOnlyList<StoredRow> rows, int removed)
    {
        var (counted, bytes) = (0, 0L);
        foreach (var row in rows)
        {
            if (!tools.Census.Has(row.Id)) continue;

            counted++;
            bytes += row.Bytes;
        }

        // The others were purged while they were under way, and are booked as that.
        var purged = rows.Count - removed;
        sender.AddWaiting(-Math.Max(0, counted - purged));
        tools.Budget.Add(-bytes);
        if (purged > 0) tools.Budget.IsRough = true;
    }

    [LoggerMessage(LogLevel.Warning, "Log target {Target} will never take record {Id} ({Reason}): it was moved to the dead letters.")]
    private static partial void LogDeadLettered(ILogger logger, string target, long id, string reason);
}
