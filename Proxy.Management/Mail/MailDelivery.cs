using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Proxy.Management.Storage;

namespace Proxy.Management.Mail;

/// <summary>Sends the mails that wait, one after the other. What the server does not take is tried again, later and later, for three days.</summary>
internal sealed partial class MailDelivery(MailSender sender, MailOutbox outbox, CommitQueue queue, TimeProvider time, ILogger<MailDelivery> logger)
    : BackgroundService
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan MaxAge = TimeSpan.FromDays(3);

    /// <summary>How long a mail waits after so many attempts.</summary>
    internal static TimeSpan DelayAfter(long attempts) => attempts >= 7 ? LongestDelay : FirstDelay * Math.Pow(2, attempts);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await DeliverAsync(stoppingToken);
                await sender.WaitAsync(LookInterval, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                // The program stops; what waits goes out after the next start.
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                LogFailed(exception);
                await Task.Delay(LookInterval, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>Tries what is due. A mail that fails waits for its next time; when the server cannot be reached, all do.</summary>
    private async Task DeliverAsync(CancellationToken cancellationToken)
    {
        var server = sender.Server;
        foreach (var mail in await outbox.ListDueAsync(cancellationToken))
        {
            if (await TryAsync(mail, server, cancellationToken) is not var (verdict, reason)) return;

            await NoteAsync(mail, verdict, reason);
            sender.Tell(mail.MailId, verdict);
            if (verdict == MailVerdict.Unreachable) return;
        }
    }

    /// <returns>Null when there is no server to try.</returns>
    private async Task<(MailVerdict Verdict, string Reason)?> TryAsync(WaitingMail mail, MailServer? server, CancellationToken cancellationToken)
    {
        if (Columns.ToMoment(mail.CreatedAt) + MaxAge <= time.GetUtcNow()) return (MailVerdict.Refused, "It is given up after three days.");
        if (outbox.Open(mail) is not { } text) return (MailVerdict.Refused, "It cannot be decrypted: was the folder of the protection keys replaced?");

        return server is null ? null : await SmtpTransport.SendAsync(server, mail.MailId, text, cancellationToken);
    }

    /// <summary>Without a token: what the server has taken must not go out again.</summary>
    private async Task NoteAsync(WaitingMail mail, MailVerdict verdict, string reason)
    {
        if (verdict == MailVerdict.Refused) LogRefused(mail.MailId, reason);
        var isWaiting = verdict is MailVerdict.Postponed or MailVerdict.Unreachable;
        if (isWaiting) LogWaits(mail.MailId, reason);

        var next = time.GetUtcNow() + DelayAfter(mail.Attempts);
        await queue.WriteAsync(
            (connection, transaction) =>
            {
                if (isWaiting) MailOutbox.Postpone(connection, transaction, mail.MailId, next);
                else MailOutbox.Delete(connection, transaction, mail.MailId);
                return true;
            },
            CancellationToken.None);
    }

    [LoggerMessage(LogLevel.Warning, "Mail {Id} waits: the mail server does not take it. {Reason}")]
    private partial void LogWaits(string id, string reason);

    [LoggerMessage(LogLevel.Error, "Mail {Id} will not be sent. {Reason}")]
    private partial void LogRefused(string id, string reason);

    [LoggerMessage(LogLevel.Error, "Mails could not be looked at; the next look tries again.")]
    private partial void LogFailed(Exception exception);
}
