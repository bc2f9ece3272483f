using System.Net;
using System.Net.Mail;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using Proxy.Management.Bodies;

namespace Proxy.Management.Mail;

/// <summary>What came of an attempt to send a mail.</summary>
internal enum MailVerdict
{
    Sent,

    /// <summary>The server will never take this mail; others it may.</summary>
    Refused,

    /// <summary>The server does not take this mail now; others it may.</summary>
    Postponed,

    /// <summary>The server cannot be reached, does not answer, or does not know us.</summary>
    Unreachable,
}

/// <summary>Hands one mail to a mail server by SMTP.</summary>
internal static class SmtpTransport
{
    /// <param name="id">The same at each attempt, so that a copy can be told.</param>
    /// <returns>The verdict, and the reason without any address or secret.</returns>
    public static async Task<(MailVerdict Verdict, string Reason)> SendAsync(MailServer server, string id, MailText mail, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(server.Timeout);
        try
        {
            using var message = Compose(server, id, mail);
            using var client = new SmtpClient(server.Host, server.Port)
            {
                EnableSsl = server.RequiresTls,
                Credentials = server.UserName is null ? null : new NetworkCredential(server.UserName, server.Password),
            };
            await client.SendMailAsync(message, limit.Token).WaitAsync(limit.Token);
            return (MailVerdict.Sent, "");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (MailVerdict.Unreachable, "It did not answer in time.");
        }
        catch (SmtpFailedRecipientException exception) when (IsFinal(exception.StatusCode))
        {
            return (MailVerdict.Refused, $"It does not take mails for the recipient ({(int)exception.StatusCode}).");
        }
        catch (FormatException)
        {
            return (MailVerdict.Refused, "The recipient is no address.");
        }
        catch (SmtpException exception)
        {
            return Of(exception);
        }
        catch (Exception exception) when (exception is IOException or SocketException or AuthenticationException or InvalidOperationException)
        {
            return (MailVerdict.Unreachable, exception.Message);
        }
    }

    /// <summary>The server's own words may repeat an address; its number says enough.</summary>
    private static (MailVerdict Verdict, string Reason) Of(SmtpException exception) => exception.StatusCode switch
    {
        SmtpStatusCode.TransactionFailed => (MailVerdict.Refused, "It answered with 554."),
        SmtpStatusCode.GeneralFailure => (MailVerdict.Unreachable, exception.InnerException?.Message ?? "The exchange with it failed."),
        _ => (MailVerdict.Postponed, $"It answered with {(int)exception.StatusCode}."),
    };

    private static bool IsFinal(SmtpStatusCode status) => (int)status is >= 500 and < 600;

    private static MailMessage Compose(MailServer server, string id, MailText mail)
    {
        if (!MailText.IsAddress(mail.Recipient)) throw new FormatException();

        var from = new MailAddress(server.From);
        var message = new MailMessage(from, new MailAddress(mail.Recipient))
        {
            Subject = TextRules.OneLine(mail.Subject),
            SubjectEncoding = Encoding.UTF8,
            Body = mail.Text,
            BodyEncoding = Encoding.UTF8,
        };
        message.Headers.Add("Message-ID", $"<{id}@{from.Host}>");
        message.Headers.Add("Auto-Submitted", "auto-generated");
        return message;
    }
}
