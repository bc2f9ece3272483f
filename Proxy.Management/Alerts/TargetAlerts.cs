using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Proxy.Management.Mail;
using Proxy.Management.Storage;

namespace Proxy.Management.Alerts;

/// <summary>
/// Tells of log targets that need repair, by webhook and by mail: once when it begins, over restarts too, once a day while it lasts, and when it is over.
/// A target that comes and goes is told of once an hour.
/// </summary>
public sealed partial class TargetAlerts
{
    private static readonly TimeSpan Reminder = TimeSpan.FromDays(1);
    private static readonly TimeSpan Rest = TimeSpan.FromHours(1);

    private readonly CommitQueue _queue;
    private readonly TargetAlertStore _store;
    private readonly AlertRecipients _recipients;
    private readonly IMailSender _mails;
    private readonly TimeProvider _time;
    private readonly ILogger<TargetAlerts> _logger;

    // What the table says, so that a sender that asks each minute costs no write. Changed after the commit; read before it.
    private readonly ConcurrentDictionary<string, TargetParking> _told = new(StringComparer.Ordinal);
    private volatile bool _isLoaded;

    internal TargetAlerts(CommitQueue queue, TargetAlertStore store, AlertRecipients recipients, IMailSender mails, TimeProvider time, ILogger<TargetAlerts> logger) =>
        (_queue, _store, _recipients, _mails, _time, _logger) = (queue, store, recipients, mails, time, logger);

    /// <summary>Whether anybody would be told now that a target takes no records.</summary>
    public bool IsDue(string targetId)
    {
        var now = _time.GetUtcNow();
        return !_told.TryGetValue(targetId, out var told) || told.RaisedAt <= (now - (told.IsOpen ? Reminder : Rest)).ToUnixTimeMilliseconds();
    }

    /// <summary>A target takes no records. May be said as often as it is tried; what follows does not hold up the caller.</summary>
    public void Raise(TargetAlert alert) => _ = RaiseAsync(alert);

    /// <summary>A target has taken records.</summary>
    public void Close(string targetId)
    {
        if (MayBeOpen(targetId)) _ = CloseAsync(targetId);
    }

    internal async Task RaiseAsync(TargetAlert alert)
    {
        if (!IsDue(alert.TargetId)) return;

        var now = _time.GetUtcNow();
        try
        {
            await _queue.WriteAsync(
                (connection, transaction) =>
                {
                    var recipients = _recipients.MailTo;
                    var (row, isNew) = TargetAlertStore.Raise(
                        connection,
                        transaction,
                        TargetAlertRow.Of(alert, now.ToUnixTimeMilliseconds(), recipients.Count > 0, _recipients.IsMailAlone),
                        (now - Reminder).ToUnixTimeMilliseconds(),
                        (now - Rest).ToUnixTimeMilliseconds());
                    if (isNew) foreach (var recipient in recipients) _mails.Send(connection, transaction, TargetAlertMessage.MailOf(row, recipient));
                    return row;
                },
                row => _told[alert.TargetId] = row.Parking,
                CancellationToken.None);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            LogNotKept(exception, alert.TargetId);
        }
    }

    internal async Task CloseAsync(string targetId)
    {
        var now = _time.GetUtcNow().ToUnixTimeMilliseconds();
        try
        {
            await LoadAsync(CancellationToken.None);
            if (!MayBeOpen(targetId)) return;

            await _queue.WriteAsync(
                (connection, transaction) =>
                {
                    // Said for each batch, so it may have been written since it was asked for.
                    if (TargetAlertStore.Find(connection, transaction, targetId) is not { IsOpen: 1 } row) return false;

                    row = row.Close(now, _recipients.IsMailAlone);
                    TargetAlertStore.Close(connection, transaction, row);
                    if (row.IsTold == 1) foreach (var recipient in _recipients.MailTo) _mails.Send(connection, transaction, TargetAlertMessage.RecoveryMailOf(row, now, recipient));
                    return true;
                },
                _ =>
                {
                    if (_told.TryGetValue(targetId, out var told)) _told[targetId] = told with { IsOpen = false };
                },
                CancellationToken.None);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            LogNotKept(exception, targetId);
        }
    }

    /// <summary>Sends what waits. Whatever is refused waits for the next time.</summary>
    internal async Task DeliverAsync(CancellationToken cancellationToken)
    {
        await LoadAsync(cancellationToken);
        if (!_recipients.HasWebhook) return;

        foreach (var row in await _store.ListWaitingAsync(cancellationToken))
        {
            foreach (var news in row.Untold)
            {
                if (!await TryDeliverAsync(row, news, cancellationToken)) return;
            }
        }
    }

    /// <returns>False when the webhook is better left alone for now.</returns>
    private async Task<bool> TryDeliverAsync(TargetAlertRow row, TargetNews news, CancellationToken cancellationToken)
    {
        var attempts = news == TargetNews.Parked ? row.Attempts : row.RecoveryAttempts;
        var attempt = await _recipients.TryAsync(TargetAlertMessage.WebhookOf(row, news), attempts, cancellationToken);
        if (attempt == AlertAttempt.GivenUp) LogGivenUp(row.TargetId);

        await _queue.WriteAsync(
            (connection, transaction) =>
            {
                TargetAlertStore.SetTried(connection, transaction, row, news, attempt, _time.GetUtcNow().ToUnixTimeMilliseconds());
                return true;
            },
            cancellationToken);
        return attempt == AlertAttempt.Delivered;
    }

    /// <summary>As far as is known; what an earlier run told may not be read yet.</summary>
    private bool MayBeOpen(string targetId) => !_isLoaded || (_told.TryGetValue(targetId, out var told) && told.IsOpen);

    /// <summary>What an earlier run told: else a target that was mended meanwhile would stay open.</summary>
    private async Task LoadAsync(CancellationToken cancellationToken)
    {
        if (_isLoaded) return;

        foreach (var row in await _store.ListAsync(cancellationToken)) _told.TryAdd(row.TargetId, row.Parking);
        _isLoaded = true;
    }

    [LoggerMessage(LogLevel.Error, "An alert about log target {Target} could not be kept.")]
    private partial void LogNotKept(Exception exception, string target);

    [LoggerMessage(LogLevel.Error, "An alert about log target {Target} is given up after a day of attempts.")]
    private partial void LogGivenUp(string target);
}
