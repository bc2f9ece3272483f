using Microsoft.Extensions.Logging;
using Proxy.Management.Budgets;
using Proxy.Management.Mail;
using Proxy.Management.Storage;

namespace Proxy.Management.Alerts;

/// <summary>Raises alerts of budgets and delivers them to a webhook and by mail, from durable tables and once per scope, threshold and period.</summary>
public sealed partial class BudgetAlerts
{
    private readonly CommitQueue _queue;
    private readonly AlertStore _store;
    private readonly AlertRecipients _recipients;
    private readonly IMailSender _mails;
    private readonly TimeProvider _time;
    private readonly ILogger<BudgetAlerts> _logger;

    internal BudgetAlerts(CommitQueue queue, AlertStore store, AlertRecipients recipients, IMailSender mails, TimeProvider time, ILogger<BudgetAlerts> logger) =>
        (_queue, _store, _recipients, _mails, _time, _logger) = (queue, store, recipients, mails, time, logger);

    /// <summary>Keeps what was reached; the delivery follows.</summary>
    internal void Raise(Account account, AlertLevels levels)
    {
        var now = _time.GetUtcNow();
        if (levels.HasFlag(AlertLevels.Soft)) Raise(account, "soft_budget", Money.ToPico(account.Terms.SoftBudget ?? 0), now);
        if (levels.HasFlag(AlertLevels.Most)) Raise(account, "80_percent", account.Terms.MaxBudgetPicosAt(now) ?? 0, now);
        if (levels.HasFlag(AlertLevels.All)) Raise(account, "100_percent", account.Terms.MaxBudgetPicosAt(now) ?? 0, now);
    }

    /// <summary>Sends what waits. Whatever is refused waits for the next time.</summary>
    internal async Task DeliverAsync(CancellationToken cancellationToken)
    {
        if (!_recipients.HasWebhook) return;

        foreach (var alert in await _store.ListWaitingAsync(cancellationToken))
        {
            var attempt = await _recipients.TryAsync(AlertMessage.WebhookOf(alert), alert.Attempts, cancellationToken);
            if (attempt == AlertAttempt.GivenUp) LogGivenUp(alert.Kind, alert.Id);

            await _queue.WriteAsync(
                (connection, transaction) =>
                {
                    AlertStore.SetTried(connection, transaction, alert, attempt == AlertAttempt.Waits ? null : _time.GetUtcNow());
                    return true;
                },
                cancellationToken);
            if (attempt != AlertAttempt.Delivered) return;
        }
    }

    private void Raise(Account account, string threshold, long budget, DateTimeOffset now) => _ = KeepAsync(new BudgetAlert
    {
        Kind = account.Id.Scope,
        Id = account.Id.Id,
        Threshold = threshold,
        Period = account.ResetAt?.ToUnixTimeMilliseconds() ?? 0,
        Spend = account.SpentPicos,
        MaxBudget = budget,
        RaisedAt = now.ToUnixTimeMilliseconds(),
    });

    private async Task KeepAsync(BudgetAlert alert)
    {
        if (_recipients.IsMailAlone) alert = alert with { DeliveredAt = alert.RaisedAt };
        try
        {
            await _queue.WriteAsync(
                (connection, transaction) =>
                {
                    if (!AlertStore.Insert(connection, transaction, alert)) return false;

                    foreach (var recipient in _recipients.MailTo) _mails.Send(connection, transaction, AlertMessage.MailOf(alert, recipient));
                    return true;
                },
                CancellationToken.None);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            LogNotKept(exception, alert.Kind, alert.Id);
        }
    }

    [LoggerMessage(LogLevel.Error, "An alert about the budget of {Scope} {Id} could not be kept.")]
    private partial void LogNotKept(Exception exception, string scope, string id);

    [LoggerMessage(LogLevel.Error, "An alert about the budget of {Scope} {Id} is given up after a day of attempts.")]
    private partial void LogGivenUp(string scope, string id);
}
