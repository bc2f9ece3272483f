using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Proxy.Management.Budgets;
using Proxy.Management.Storage;

namespace Proxy.Management.Alerts;

/// <summary>An alert as a webhook gets it; <c>text</c> is what chat programs show.</summary>
internal static class AlertMessage
{
    public static ByteArrayContent Of(BudgetAlert alert)
    {
        var id = new AccountId(AccountRow.KindOf(alert.Kind), alert.Id).Shown;
        var (spend, budget) = (Money.FromPico(alert.Spend), Money.FromPico(alert.MaxBudget));
        var reset = alert.Period == 0 ? null : (DateTimeOffset?)Columns.ToMoment(alert.Period);
        var body = new JsonObject
        {
            ["event"] = alert.Threshold == "100_percent" ? "budget_crossed" : alert.Threshold == "soft_budget" ? "soft_budget_crossed" : "threshold_crossed",
            ["text"] = $"{alert.Kind} {id} has spent {spend} of {(alert.Threshold == "soft_budget" ? "its soft budget of " : "")}{budget} dollars.",
            ["threshold"] = alert.Threshold,
            ["scope"] = alert.Kind,
            ["id"] = id,
            ["spend"] = spend,
            ["max_budget"] = budget,
            ["budget_reset_at"] = reset is { } at ? JsonValue.Create(at) : null,
            ["raised_at"] = JsonValue.Create(Columns.ToMoment(alert.RaisedAt)),
        };
        var content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(body, AccountJson.Default.JsonObject));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return content;
    }
}
