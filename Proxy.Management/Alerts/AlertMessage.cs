using System.Globalization;
using System.Text.Json.Nodes;
using Proxy.Management.Budgets;
using Proxy.Management.Mail;
using Proxy.Management.Storage;

namespace Proxy.Management.Alerts;

/// <summary>An alert as a webhook and a mail tell it. A key is named by its hash; nothing of a call is in it.</summary>
internal static class AlertMessage
{
    /// <summary><c>text</c> is what chat programs show.</summary>
    public static JsonObject WebhookOf(BudgetAlert alert) => new()
    {
        ["event"] = alert.Threshold == "100_percent" ? "budget_crossed" : IsSoft(alert) ? "soft_budget_crossed" : "threshold_crossed",
        ["text"] = TextOf(alert),
        ["threshold"] = alert.Threshold,
        ["scope"] = alert.Kind,
        ["id"] = IdOf(alert),
        ["spend"] = Money.FromPico(alert.Spend),
        ["max_budget"] = Money.FromPico(alert.MaxBudget),
        ["budget_reset_at"] = ResetOf(alert) is { } at ? JsonValue.Create(at) : null,
        ["raised_at"] = JsonValue.Create(Columns.ToMoment(alert.RaisedAt)),
    };

    /// <summary>The subject holds nothing that a client chose.</summary>
    public static MailText MailOf(BudgetAlert alert, string recipient)
    {
        var reached = alert.Threshold switch { "100_percent" => "is used up", "80_percent" => "has reached 80 %", _ => "has reached its soft limit" };
        var reset = ResetOf(alert) is { } at ? $"It begins anew at {Format(at)}." : "It does not begin anew.";
        return new MailText(
            recipient,
            $"Budget alert: a budget of kind {alert.Kind} {reached}",
            $"{TextOf(alert)}\n{reset}\nRaised at {Format(Columns.ToMoment(alert.RaisedAt))}, once in a period.\n");
    }

    private static string TextOf(BudgetAlert alert) =>
        $"{alert.Kind} {IdOf(alert)} has spent {Money.FromPico(alert.Spend)} of {(IsSoft(alert) ? "its soft budget of " : "")}{Money.FromPico(alert.MaxBudget)} dollars.";

    private static bool IsSoft(BudgetAlert alert) => alert.Threshold == "soft_budget";

    private static string IdOf(BudgetAlert alert) => new AccountId(AccountRow.KindOf(alert.Kind), alert.Id).Shown;

    private static DateTimeOffset? ResetOf(BudgetAlert alert) => alert.Period == 0 ? null : Columns.ToMoment(alert.Period);

    public static string Format(DateTimeOffset moment) => moment.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);
}
