using Microsoft.Extensions.Logging;
using Proxy.Management.Budgets;
using Proxy.Management.Mail;
using Proxy.Management.Storage;

namespace Proxy.Management.Alerts;

/// <summary>Raises alerts of budgets and delivers them to a webhook and by mail, from durable tables and once per scope, threshold and period.</summary>
public sealed partial class BudgetAlerts
{
    /// <summary>About a day, at one look in ten seconds; then an alert is old news.</summary>
    private const int MaxAttempts = 8640;

    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(10);

    /// <summary>An answer that leads elsewhere is a refusal: the operator named this address.</summary>
    private static readonly HttpClient Client = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { Timeout = RequestTimeout };

    private readonly CommitQueue _queue;
    private readonly AlertStore _store;
    private readonly IMailSender _mails;
    private readonly TimeProvider _time;
    private readonly ILogger<BudgetAlerts> _logger;
    private volatile Uri? _webhook;
    private volatile IReadOnlyList<string> _recipients = [];

    internal BudgetAlerts(CommitQueue queue, AlertStore store, IMailSender mails, TimeProvider time, ILogger<BudgetAlerts> logger) =>
        (_queue, _store, _mails, _time, _logger) = (queue, store, mails, time, logger);

    /// <summary>Where alerts go from now on; with neither a webhook nor a recipient they wait for a webhook.</summary>
    /// <param name="webhook">An absolute address, or null.</param>
    /// <param name="recipients">Addresses of mail.</param>
    /// <param name="interval">How often waiting alerts are looked for.</param>
    public void Apply(Uri? webhook, IReadOnlyList<string> recipients, TimeSpan interval) => (_webhook, _recipients, Interval) = (webhook, recipients, interval);

    /// <summary>How often waiting alerts are looked for.</summary>
    internal TimeSpan Interval { get; private set; } = TimeSpan.FromSeconds(10);

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
        if (_webhook is not { } webhook) return;

        foreach (var alert in await _store.ListWaitingAsync(cancellationToken))
        {
            var isDelivered = await TrySendAsync(webhook, alert, cancellationToken);
            if (!isDelivered && alert.Attempts + 1 >= MaxAttempts) LogGivenUp(alert.Kind, alert.Id);

            var isDone = isDelivered || alert.Attempts + 1 >= MaxAttempts;
            await _queue.WriteAsync(
                (connection, transaction) =>
                {
                    AlertStore.SetTried(connection, transaction, alert, isDone ? _time.GetUtcNow() : null);
                    return true;
                },
                cancellationToken);
            if (!isDelivered) return;
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
        var recipients = _recipients;
        if (_webhook is null && recipients.Count > 0) alert = alert with { DeliveredAt = alert.RaisedAt };
        try
        {
            await _queue.WriteAsync(
                (connection, transaction) =>
                {
                    if (!AlertStore.Insert(connection, transaction, alert)) return false;

                    foreach (var recipient in recipients) _mails.Send(connection, transaction, AlertMessage.MailOf(alert, recipient));
                    return true;
                },
                CancellationToken.None);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            LogNotKept(exception, alert.Kind, alert.Id);
        }
    }

    private async Task<bool> TrySendAsync(Uri webhook, BudgetAlert alert, CancellationToken cancellationToken)
    {
        try
        {
            using var content = AlertMessage.WebhookOf(alert);
            using var response = await Client.PostAsync(webhook, content, cancellationToken);
            if (response.IsSuccessStatusCode) return true;

            LogRefused((int)response.StatusCode);
            return false;
        }
        catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException && !cancellationToken.IsCancellationRequested)
        {
            LogUnreachable(exception.Message);
            return false;
        }
    }

    [LoggerMessage(LogLevel.Error, "An alert about the budget of {Scope} {Id} could not be kept.")]
    private partial void LogNotKept(Exception exception, string scope, string id);

    [LoggerMessage(LogLevel.Warning, "The webhook of alerts answered with status {Status}; the alert waits.")]
    private partial void LogRefused(int status);

    [LoggerMessage(LogLevel.Warning, "The webhook of alerts cannot be reached; the alert waits. {Reason}")]
    private partial void LogUnreachable(string reason);

    [LoggerMessage(LogLevel.Error, "An alert about the budget of {Scope} {Id} is given up after a day of attempts.")]
    private partial void LogGivenUp(string scope, string id);
}
