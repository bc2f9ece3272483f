using Microsoft.Extensions.Logging;

namespace Proxy.Logging.Shipping;

/// <summary>Takes rows out of the outbox once their fate is known, and books it.</summary>
internal sealed partial class Settlement(TargetSender sender, SenderTools tools, ILogger logger)
{
    private const int ShownAnswer = 1024;

    public async Task SettleAsync(IReadOnlyList<long> ids, long bytes, CancellationToken abort)
    {
        var removed = await WriteAsync(token => tools.Store.DeleteAsync(ids, token), ids.Count, bytes, abort);
        if (removed > 0) tools.Metrics.Delivered(sender.Label, removed);
    }

    /// <returns>Whether nothing of the batch is left.</returns>
    public async Task<bool> SettlePartlyAsync(RecordBatch batch, DeliveryVerdict verdict, CancellationToken abort)
    {
        var taken = new List<long>();
        var refused = new List<(long Id, string Answer)>();
        for (var i = 0; i < batch.Ids.Count; i++)
        {
            var record = verdict.Records[i];
            if (record.Kind == Delivery.Delivered) taken.Add(batch.Ids[i]);
            else if (record.Kind == Delivery.DeadLetter) refused.Add((batch.Ids[i], record.Answer));
        }

        // The sizes of single rows are not kept; the janitor corrects what an average gets wrong.
        tools.Budget.IsRough = true;
        var average = batch.StoredBytes / batch.Ids.Count;
        if (taken.Count > 0) await SettleAsync(taken, average * taken.Count, abort);
        foreach (var (id, answer) in refused) await BuryAsync(id, average, "refused alone", answer, abort);
        return taken.Count + refused.Count == batch.Ids.Count;
    }

    public async Task BuryAsync(long id, long bytes, string reason, string answer, CancellationToken abort)
    {
        var text = answer.Length <= ShownAnswer ? answer : answer[..ShownAnswer];
        var removed = await WriteAsync(token => tools.Store.BuryAsync(id, text, token), 1, bytes, abort);
        if (removed == 0) return;

        tools.Metrics.DeadLettered(sender.Label, removed);
        LogDeadLettered(logger, sender.Label, id, reason);
    }

    private async Task<int> WriteAsync(Func<CancellationToken, Task<int>> write, int rows, long bytes, CancellationToken abort)
    {
        var removed = await tools.Retries.Settling.ExecuteAsync(static async (write, token) => await write(token), write, abort);
        sender.AddWaiting(-removed);
        tools.Budget.Add(-bytes);

        // The others were purged while they were under way, and are booked as that.
        if (removed != rows) tools.Budget.IsRough = true;
        return removed;
    }

    [LoggerMessage(LogLevel.Warning, "Log target {Target} will never take record {Id} ({Reason}): it was moved to the dead letters.")]
    private static partial void LogDeadLettered(ILogger logger, string target, long id, string reason);
}
