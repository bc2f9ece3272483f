using System.Buffers;
using Proxy.Host.Exchanges;
using Proxy.Host.Prometheus;
using Proxy.Host.Resources;
using Proxy.Host.Telemetry;
using Proxy.Logging;
using Proxy.Management.Budgets;
using Proxy.Management.Spend;

namespace Proxy.Host.Recording;

/// <summary>
/// Closes an exchange: works out what it cost, and puts its spend and its log into the database in one commit. Whoever ends an answer
/// waits for this first.
/// </summary>
internal sealed partial class ExchangeRecorder(
    SpendLedger ledger, CompletionLog completions, LogTargets targets, RefusalBudget refusals, ExchangeMetrics metrics, CallFigures figures, TimeProvider time, ILogger<ExchangeRecorder> logger)
{
    /// <returns>False when the call could not be recorded. Closing again does nothing and repeats nothing.</returns>
    public async ValueTask<bool> TryCloseAsync(Exchange exchange)
    {
        if (exchange.IsClosed) return true;

        exchange.IsClosed = true;
        exchange.EndedAt = time.GetUtcNow();
        try
        {
            var bill = Bill.Of(exchange);
            exchange.Cost = bill.Cost;
            metrics.Count(exchange, bill);
            figures.Count(exchange, bill);

            // What cannot be written is not waited for; the refusal says so itself.
            if (exchange.Refusal == ExchangeErrors.LedgerUnavailable) return true;

            // A refusal at the door is recorded too, but a flood of them must not fill the disk.
            if (exchange.IsTurnedAway && !refusals.TrySpend(isKnown: exchange.Caller is not null)) return true;

            // No token: what has happened is recorded, also when the client has left.
            await ledger.RecordAsync(Spend(exchange, bill), Log(exchange, bill), exchange.Reservation);
            return true;
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            LogNotRecorded(exception, exchange.Id, exchange.Cost);
            return false;
        }
    }

    /// <returns>Null where the call is logged nowhere.</returns>
    private OutboxRider? Log(Exchange exchange, Bill bill)
    {
        if (targets.RulesOf(exchange) is not { } rules || LogTargets.RoutesOf(exchange, rules) is not { Count: > 0 } routes) return null;

        var room = ArrayPool<byte>.Shared.Rent(ExchangeLog.RoomFor(exchange));
        try
        {
            var entry = completions.Prepare(ExchangeLog.Record(exchange, bill, rules, room), routes, exchange.Team?.Current.TeamId, LogTargets.PolicyOf(exchange, rules));
            return new OutboxRider(completions, entry, exchange.Caller?.Key, exchange.Team);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(room);
        }
    }

    private static SpendEntry Spend(Exchange exchange, Bill bill) => new()
    {
        CallId = exchange.Id,
        CallType = exchange.Operation?.CallType ?? "",
        KeyHash = exchange.Caller?.KeyHash,
        TeamId = OwnerOf(exchange, AccountKind.Team, exchange.Team?.Current.TeamId),
        UserId = OwnerOf(exchange, AccountKind.User, exchange.Caller?.UserId),
        OrganizationId = OwnerOf(exchange, AccountKind.Organization, exchange.Caller?.OrganizationId),
        EndUser = exchange.Request?.User,
        Model = exchange.Model ?? "",
        UpstreamModel = exchange.Answer.Model ?? exchange.Attempt?.UpstreamModel,
        Provider = exchange.Attempt?.Deployment.Provider,
        Destination = exchange.Attempt?.ModelId,
        Outcome = exchange.Outcome,
        StatusCode = exchange.Status,
        ErrorType = exchange.Failure?.Type,
        Usage = bill.Usage,
        Cost = bill.Cost,
        IsEstimated = bill.IsEstimated,
        IsUnpriced = bill.IsUnpriced,
        StartedAt = exchange.StartedAt,
        EndedAt = exchange.EndedAt,
        FirstTokenAt = exchange.FirstByteAt,
        Tags = exchange.Request?.Metadata.Tags ?? [],
        SessionId = exchange.Request?.Metadata.SessionId,
        RequesterIp = exchange.Requester?.ToString(),
        Attempts = exchange.Attempts.Count,
        Resources = ResourceBook.Of(exchange),
        Settled = ResourceBook.SettledBy(exchange),
    };

    /// <summary>A key may be moved while its call is under way: the row goes to whose accounts were asked, where memory settles it too.</summary>
    private static string? OwnerOf(Exchange exchange, AccountKind kind, string? callers) => exchange.Reservation is { } held ? held.FindId(kind) : callers;

    [LoggerMessage(LogLevel.Critical, "Exchange {Id}, which cost {Cost} dollars, could not be recorded.")]
    private partial void LogNotRecorded(Exception exception, Guid id, decimal cost);
}
