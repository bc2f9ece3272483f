using System.Data.Common;
using System.Net.Mail;
using Proxy.Management.Storage;

namespace Proxy.Management.Mail;

/// <summary>Takes mails that are to be sent. What it has taken is in the database, and goes out when the mail server takes it, over restarts too.</summary>
/// <remarks>It never waits for the mail server. A mail goes out at least once; a second copy has the same <c>Message-ID</c>.</remarks>
public interface IMailSender
{
    /// <summary>Whether there is a mail server. Without one a mail waits for it, three days at most.</summary>
    bool IsOn { get; }

    /// <summary>Keeps the mail in a commit of its own.</summary>
    Task SendAsync(MailText mail, CancellationToken cancellationToken);

    /// <summary>Keeps the mail in a transaction of the <see cref="CommitQueue"/>: it goes out if that is committed.</summary>
    void Send(DbConnection connection, DbTransaction transaction, MailText mail);
}

/// <summary>A mail in plain text.</summary>
/// <param name="Recipient">One address, for which <see cref="IsAddress"/> holds.</param>
/// <param name="Subject">One line; line breaks and other control characters in it are blanks when it goes out.</param>
/// <param name="Text">The text, with line feeds.</param>
public sealed record MailText(string Recipient, string Subject, string Text)
{
    private const int LongestAddress = 254;

    /// <summary>Whether this is one bare address: no name beside it, no list, nothing that could end a header.</summary>
    public static bool IsAddress(string text) =>
        text.Length <= LongestAddress && !text.Any(char.IsControl) && MailAddress.TryCreate(text, out var address) && address.Address == text;
}
