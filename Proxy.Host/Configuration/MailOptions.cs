using System.ComponentModel.DataAnnotations;
using System.Net;
using System.Net.Mail;
using Proxy.Management.Mail;

namespace Proxy.Host.Configuration;

/// <summary>Section <c>Mail</c>: the mail server that alerts and invitations go out by.</summary>
internal sealed class MailOptions : IValidatableObject
{
    public const string Section = "Mail";

    private const int ImplicitTlsPort = 465;

    /// <summary>The name of the server. Without it nothing is mailed.</summary>
    public string? Host { get; set; }

    /// <summary>Where it takes mails. The default value is 587.</summary>
    [Range(1, 65535)]
    public int Port { get; set; } = 587;

    /// <summary>Whether the server must offer STARTTLS, with a certificate that is good for its name. The default value is true.</summary>
    public bool Tls { get; set; } = true;

    /// <summary>Who writes: <c>gateway@example.com</c>, or <c>Gateway &lt;gateway@example.com&gt;</c>.</summary>
    public string? From { get; set; }

    /// <summary>Empty for a server that asks for none.</summary>
    public string? UserName { get; set; }

    /// <summary>The password of <see cref="UserName"/>, as <c>env:NAME</c> or <c>file:PATH</c>.</summary>
    public string? Password { get; set; }

    /// <summary>How long one mail may take. The default value is 30 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:10:00")]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>What is added to each invitation: where the gateway is, whom to ask.</summary>
    [StringLength(4000)]
    public string? InvitationText { get; set; }

    /// <returns>Null when nothing is to be mailed.</returns>
    public MailServer? ToServer() => Host is null || From is null ? null : new MailServer(
        Host, Port, Tls, From, UserName, Password is not null && CredentialReference.TryResolve(Password, out var password, out _) ? password : null, Timeout)
    {
        InvitationText = InvitationText,
    };

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Host is null)
        {
            if (From is not null || UserName is not null || Password is not null) yield return new ValidationResult("Host is missing.");
            yield break;
        }

        if (Uri.CheckHostName(Host) == UriHostNameType.Unknown) yield return new ValidationResult($"Host '{Host}' is no name of a host.");
        if (From is null || From.Any(char.IsControl) || !MailAddress.TryCreate(From, out _)) yield return new ValidationResult("From is no address of mail.");
        if (Port == ImplicitTlsPort) yield return new ValidationResult("Port 465 speaks TLS from its first byte; use the server's port for STARTTLS, mostly 587.");
        if (UserName is null != Password is null) yield return new ValidationResult("UserName and Password go together.");
        if (Password is null) yield break;

        if (CredentialReference.IsLiteral(Password)) yield return new ValidationResult("Password is not env:NAME or file:PATH.");
        else if (!CredentialReference.TryResolve(Password, out _, out var fault)) yield return new ValidationResult($"Password cannot be had: {fault}.");
        if (!Tls && !IsLocal(Host)) yield return new ValidationResult("Tls is off, so the password would be sent in the clear.");
    }

    private static bool IsLocal(string host) => host == "localhost" || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));
}
