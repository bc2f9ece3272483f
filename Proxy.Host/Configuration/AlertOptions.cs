using System.ComponentModel.DataAnnotations;
using Proxy.Management.Mail;

namespace Proxy.Host.Configuration;

/// <summary>Section <c>Alerts</c>: who is told when a budget runs out, or a log target needs repair.</summary>
internal sealed class AlertOptions : IValidatableObject
{
    public const string Section = "Alerts";

    /// <summary>Where alerts are posted to: <c>env:NAME</c>, <c>file:PATH</c>, since such addresses are often secrets, or the address itself.</summary>
    public string? Webhook { get; set; }

    /// <summary>Whom alerts are mailed to, separated by commas; the section <c>Mail</c> says how.</summary>
    public string MailTo { get; set; } = "";

    /// <summary>How often waiting alerts are looked for. The default value is 10 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "1.00:00:00")]
    public TimeSpan Interval { get; set; } = TimeSpan.FromSeconds(10);

    public IReadOnlyList<string> ToRecipients() => ModelReader.Split(MailTo);

    public Uri? ToWebhook() => Webhook is not null && CredentialReference.TryResolve(Webhook, out var address, out _)
        && Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Scheme is "https" or "http" ? uri : null;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var wrong in ToRecipients().Where(recipient => !MailText.IsAddress(recipient)))
            yield return new ValidationResult($"MailTo holds '{wrong}', which is no address of mail.");
        if (Webhook is null) yield break;
        if (!CredentialReference.TryResolve(Webhook, out _, out var fault)) yield return new ValidationResult($"Webhook cannot be had: {fault}.");
        else if (ToWebhook() is null) yield return new ValidationResult("Webhook is not an absolute http or https address.");
    }
}
