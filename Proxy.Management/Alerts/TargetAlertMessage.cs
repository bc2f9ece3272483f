using System.Text.Json.Nodes;
using Proxy.Management.Mail;
using Proxy.Management.Storage;

namespace Proxy.Management.Alerts;

/// <summary>What a webhook and a mail are told of a log target that needs repair. No secret and nothing of a call is in it.</summary>
internal static class TargetAlertMessage
{
    /// <summary><c>text</c> is what chat programs show.</summary>
    public static JsonObject WebhookOf(TargetAlert alert) => new()
    {
        ["event"] = "log_target_parked",
        ["text"] = TextOf(alert),
        ["target_id"] = alert.TargetId,
        ["kind"] = alert.Kind,
        ["host"] = alert.Host,
        ["name"] = alert.Name,
        ["reason"] = alert.Reason,
        ["since"] = JsonValue.Create(Columns.ToMoment(alert.Since)),
        ["raised_at"] = JsonValue.Create(Columns.ToMoment(alert.RaisedAt)),
    };

    /// <summary>The subject holds nothing that a client chose.</summary>
    public static MailText MailOf(TargetAlert alert, string recipient) => new(
        recipient,
        "Log alert: a log target takes no records until it is mended",
        $"""
        {TextOf(alert)}
        It is so since {AlertMessage.Format(Columns.ToMoment(alert.Since))}. This is told once, and once a day while it lasts.

        """.ReplaceLineEndings("\n"));

    private static string TextOf(TargetAlert alert) =>
        $"The log target {(alert.Host is null ? alert.TargetId : $"{alert.Kind} at {alert.Host} ({alert.Name})")} takes no records: {alert.Reason}. They are kept and tried every minute; GET /logging/targets shows how many wait.";
}
