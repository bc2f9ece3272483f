namespace Proxy.Management.Mail;

/// <summary>The mail server of the operator.</summary>
/// <param name="Host">Its name.</param>
/// <param name="Port">Where it takes mails; 587 is usual.</param>
/// <param name="RequiresTls">A server that does not offer STARTTLS gets neither the password nor a mail.</param>
/// <param name="From">Who writes: an address, with or without a name.</param>
/// <param name="UserName">Null for a server that asks for none.</param>
/// <param name="Password">The password of <paramref name="UserName"/>.</param>
/// <param name="Timeout">How long one mail may take.</param>
public sealed record MailServer(string Host, int Port, bool RequiresTls, string From, string? UserName, string? Password, TimeSpan Timeout)
{
    /// <summary>What the operator adds to each invitation: where the gateway is, whom to ask.</summary>
    public string? InvitationText { get; init; }

    /// <summary>Without the password.</summary>
    public override string ToString() => $"{Host}:{Port}";
}
