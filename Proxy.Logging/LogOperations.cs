using System.Data.Common;
using Proxy.Logging.Outbox;
using Proxy.Logging.Records;
using Proxy.Logging.Shipping;

namespace Proxy.Logging;

/// <summary>What people do with the log: look, try again, throw away, test.</summary>
public sealed class LogOperations
{
    private const int RowsAtOnce = 500;

    private readonly OutboxShipper _shipper;
    private readonly SenderTools _tools;
    private readonly DeadLetterStore _deadLetters;
    private readonly TargetTest _test;

    internal LogOperations(OutboxShipper shipper, SenderTools tools, DeadLetterStore deadLetters, TargetTest test) =>
        (_shipper, _tools, _deadLetters, _test) = (shipper, tools, deadLetters, test);

    public long OutboxBytes => _tools.Budget.Bytes;

    public async Task<IReadOnlyList<TargetReport>> ListTargetsAsync(CancellationToken cancellationToken)
    {
        var rows = await _tools.Survey.ListTargetsAsync(cancellationToken);
        return [.. rows.Select(row => TargetReport.Of(row, _shipper.StatusOf(row.Id)))];
    }

    public async Task<IReadOnlyList<DeadLetter>> ListDeadLettersAsync(long after, int limit, CancellationToken cancellationToken)
    {
        var rows = await _deadLetters.ListAsync(after, limit, cancellationToken);
        return [.. rows.Select(DeadLetter.Of)];
    }

    /// <summary>Sends dead letters once more: one, those of a target, or all. Targets that pause are tried at once.</summary>
    /// <param name="also">What else is in the transaction, told how many they are.</param>
    /// <returns>How many wait again.</returns>
    public async Task<int> RetryAsync(long? id, string? targetId, Action<DbConnection, DbTransaction, int>? also, CancellationToken cancellationToken)
    {
        var rows = await _deadLetters.ReviveAsync(new DeadLetterChoice(id, targetId, null, long.MaxValue), also, cancellationToken);
        foreach (var target in rows.GroupBy(row => row.TargetId))
        {
            _tools.Metrics.Revived(CompletionLogMetrics.LabelOf(target.Key), target.Count());
            _tools.Budget.Add(target.Sum(row => row.Bytes));
            var row = await _tools.Survey.FindTargetAsync(target.Key, cancellationToken);
            _shipper.Resume(target.Key, row is null ? null : _tools.Targets.Open(row), target.Count());
        }

        _shipper.Hurry(targetId);
        return rows.Count;
    }

    /// <summary>Throws dead letters away: one, those of a target, or all.</summary>
    /// <param name="also">What else is in the transaction, told how many they are.</param>
    public async Task<long> PurgeAsync(long? id, string? targetId, Action<DbConnection, DbTransaction, int>? also, CancellationToken cancellationToken) =>
        BookPurged(await _deadLetters.PurgeAsync(new DeadLetterChoice(id, targetId, null, long.MaxValue), also, cancellationToken), wasDead: true);

    /// <summary>Ends the pauses of all targets.</summary>
    public void Hurry() => _shipper.Hurry(targetId: null);

    /// <summary>Removes all that is kept of an owner, who wants it no more. What is on its way is called back as far as it can be.</summary>
    /// <returns>How many records were removed.</returns>
    public async Task<long> PurgeOwnerAsync(string owner, CancellationToken cancellationToken)
    {
        await _tools.Store.MoveToBacklogAsync(cancellationToken);
        var purged = 0L;
        foreach (var target in await _tools.Survey.ListWaitingTargetsAsync(cancellationToken))
        {
            while (await _shipper.RemoveAsync(token => _tools.Store.RemoveOwnedAsync(owner, target.Id, RowsAtOnce, token), cancellationToken) is { Count: > 0 } rows)
                purged += BookPurged(rows, wasDead: false);
        }

        _shipper.Drop(owner);
        await _tools.Store.DeleteLeftAsync(cancellationToken);
        return purged + BookPurged(await _deadLetters.PurgeAsync(new DeadLetterChoice(null, null, owner, long.MaxValue), also: null, cancellationToken), wasDead: true);
    }

    /// <summary>Sends one record, marked as a test, as the real sender would; nothing of it is kept.</summary>
    public Task<TargetTestResult> TestAsync(LogTarget target, CancellationToken cancellationToken) => _test.RunAsync(target, cancellationToken);

    private long BookPurged(IReadOnlyList<RemovedRow> rows, bool wasDead)
    {
        foreach (var target in rows.GroupBy(row => row.TargetId)) _tools.Metrics.Purged(CompletionLogMetrics.LabelOf(target.Key), target.Sum(row => row.Rows), wasDead);
        return rows.Sum(row => row.Rows);
    }
}

/// <summary>How a target is.</summary>
public sealed record TargetReport(
    string Id, string Kind, string Host, string Name, string State, long Waiting, DateTimeOffset? Oldest, long DeadLetters,
    string? LastError, DateTimeOffset? Since, DateTimeOffset? LastDelivery)
{
    internal static TargetReport Of(TargetRow row, TargetStatus status)
    {
        var trouble = status.Trouble;
        var state = trouble is { IsParked: true } ? "parked"
            : trouble is not null ? "retrying"
            : row.Waiting > 0 ? "sending"
            : "idle";
        return new(
            row.Id, row.Kind, new Uri(row.Host).Authority, row.PublicKey, state, row.Waiting, Time(row.OldestAt), row.DeadLetters,
            trouble?.Reason, trouble?.Since, status.DeliveredAt == 0 ? null : Time(status.DeliveredAt));
    }

    private static DateTimeOffset? Time(long? milliseconds) => milliseconds is { } value ? DateTimeOffset.FromUnixTimeMilliseconds(value) : null;
}

/// <summary>A record that was given up; what was said in it is not shown.</summary>
public sealed record DeadLetter(
    long Id, string TargetId, string Kind, string Host, string? Owner, DateTimeOffset CreatedAt, DateTimeOffset DiedAt, string Answer, long Bytes)
{
    internal static DeadLetter Of(DeadLetterRow row) => new(
        row.Id, row.TargetId, row.Kind, new Uri(row.Host).Authority, row.Owner, DateTimeOffset.FromUnixTimeMilliseconds(row.CreatedAt),
        DateTimeOffset.FromUnixTimeMilliseconds(row.DiedAt), row.Answer, row.Bytes);
}
