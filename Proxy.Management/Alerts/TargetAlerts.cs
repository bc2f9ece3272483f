using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Proxy.Management.Mail;
using Proxy.Management.Storage;

namespace Proxy.Management.Alerts;

/// <summary>
/// Tells of log targets that need repair, by webhook and by mail: once when it begins, over restarts too, and once a day while it lasts. A target that
/// comes and goes is told of once an hour.
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
    private bool _isLoaded;

    internal TargetAlerts(CommitQueue queue, TargetAlertStore store, AlertRecipients recipients, IMailSender mails, TimeProvider time, ILogger<TargetAlerts> logger) =>
        (_queue, _store, _recipients, _mails, _time, _logger) = (queue, store, recipients, mails, time, logger);

    /// <summary>A target takes no records. May be said as often as it is tried; what follows does not hold up the caller.</summary>
    public void Raise(TargetAlert alert) => _ = RaiseAsync(alert);

    /// <summary>A target has taken records.</summary>
    public void Close(string targetId)
    {
        if (_told.TryGetValue(targetId, out var told) && told.IsOpen == 1) _ = CloseAsync(targetId);
    }

    internal async Task RaiseAsync(TargetAlert alert)
    {
        var now = _time.GetUtcNow();
        var (openBefore, closedBefore) = ((now - Reminder).ToUnixTimeMilliseconds(), (now - Rest).ToUnixTimeMilliseconds());
        if (_told.TryGetValue(alert.TargetId, out var known) && known.RaisedAt > (known.IsOpen == 1 ? openBefore : closedBefore)) return;

        alert = alert with { RaisedAt = now.ToUnixTimeMilliseconds(), DeliveredAt = _recipients.IsMailAlone ? now.ToUnixTimeMilliseconds() : null };
        try
        {
            await _queue.WriteAsync(
                (connection, transaction) =>
                {
                    var (told, isNew) = TargetAlertStore.Raise(connection, transaction, alert, openBefore, closedBefore);
                    if (isNew) foreach (var recipient in _recipients.MailTo) _mails.Send(connection, transaction, TargetAlertMessage.MailOf(alert, recipient));
                    return told;
                },
                told => _told[alert.TargetId] = told,
                CancellationToken.None);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            LogNotKept(exception, alert.TargetId);
        }
    }

    internal async Task CloseAsync(string targetId)
    {
        try
        {
            await _queue.WriteAsync(
                (connection, transaction) =>
                {
                    TargetAlertStore.Close(connection, transaction, targetId);
                    return true;
                },
                _ =>
                {
                    if (_told.TryGetValue(targetId, out var told)) _told[targetId] = told with { IsOpen = 0 };
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

        foreach (var alert in await _store.ListWaitingAsync(cancellationToken))
        {
            var attempt = await _recipients.TryAsync(TargetAlertMessage.WebhookOf(alert), alert.Attempts, cancellationToken);
            if (attempt == AlertAttempt.GivenUp) LogGivenUp(alert.TargetId);

            await _queue.WriteAsync(
                (connection, transaction) =>
                {
                    TargetAlertStore.SetTried(connection, transaction, alert, attempt == AlertAttempt.Waits ? null : _time.GetUtcNow());
                    return true;
                },
                cancellationToken);
            if (attempt != AlertAttempt.Delivered) return;
        }
    }

    /// <summary>What an earlier run told: else a target that was mended meanwhile would stay open.</summary>
    private async Task LoadAsync(CancellationToken cancellationToken)
    {
        if (_isLoaded) return;

        foreach (var told in await _store.ListAsync(cancellationToken)) _told.TryAdd(told.TargetId, told);
        _isLoaded = true;
    }

    [LoggerMessage(LogLevel.Error, "An alert about log target {Target} could not be kept.")]
    private partial void LogNotKept(Exception exception, string target);

    [LoggerMessage(LogLevel.Error, "An alert about log target {Target} is given up after a day of attempts.")]
    private partial void LogGivenUp(string target);
}
