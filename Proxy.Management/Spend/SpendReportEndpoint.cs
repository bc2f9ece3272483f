using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Proxy.Management.Access;
using Proxy.Management.Budgets;
using Proxy.Management.Errors;
using Proxy.Management.Keys;

namespace Proxy.Management.Spend;

/// <summary><c>/global/spend/report</c>: who has spent what on which day, for whoever writes the invoices.</summary>
internal static class SpendReportEndpoint
{
    private static readonly string[] Groups = ["team", "customer", "api_key"];

    public static void MapSpendReportEndpoint(this IEndpointRouteBuilder routes) => routes.MapGet("/global/spend/report", AccessRule.AdminOrViewer, ShowAsync);

    private static async Task<IResult> ShowAsync(
        [AsParameters] SpendQuery query,
        SpendReport report,
        [FromQuery(Name = "group_by")] string? group,
        [FromQuery(Name = "team_id")] string? teamId,
        [FromQuery(Name = "internal_user_id")] string? userId,
        [FromQuery(Name = "customer_id")] string? customerId,
        CancellationToken cancellationToken)
    {
        group ??= Groups[0];
        if (!Groups.Contains(group)) return new ErrorResult(ProxyError.BadRequest($"'group_by' must be one of {string.Join(", ", Groups)}.", "group_by"));
        if (group == "customer" && FindUnsummed(query, teamId, userId) is { } unsummed) return new ErrorResult(ProxyError.BadRequest($"Customers are not summed by '{unsummed}'.", unsummed));

        return group == "customer"
            ? await query.AnswerAsync(AccountKind.Customer, async filter =>
                Show("customers", "customer", await report.OfCustomersAsync(Narrow(filter, ("id", customerId)), cancellationToken)))
            : await query.AnswerAsync(async filter => group == "team"
                ? Show("teams", "team_name", await report.OfTeamsAsync(Narrow(filter.Having("team_id"), ("team_id", teamId), ("user_id", userId)), cancellationToken))
                : ShowKeys(await report.OfKeysAsync(Narrow(filter, ("team_id", teamId), ("user_id", userId)), cancellationToken)));
    }

    private static string? FindUnsummed(SpendQuery query, string? teamId, string? userId) =>
        !string.IsNullOrEmpty(query.ApiKey) ? "api_key" : !string.IsNullOrEmpty(teamId) ? "team_id" : !string.IsNullOrEmpty(userId) ? "internal_user_id" : null;

    private static DayFilter Narrow(DayFilter filter, params ReadOnlySpan<(string Column, string? Value)> conditions)
    {
        foreach (var (column, value) in conditions)
        {
            if (!string.IsNullOrEmpty(value)) filter.Is(column, value);
        }

        return filter;
    }

    private static JsonHttpResult<JsonArray> Show(string listName, string name, IReadOnlyList<ReportRow> rows) => Answer(
        rows.GroupBy(row => row.Day).Select(day => new JsonObject
        {
            ["group_by_day"] = DayRange.Show(day.Key),
            [listName] = new JsonArray([.. day.GroupBy(row => row.Name).Select(group => (JsonNode)new JsonObject
            {
                [name] = group.Key,
                ["total_spend"] = group.Sum(row => row.Dollars),
                ["metadata"] = new JsonArray([.. group.Select(ShowPart)]),
            })]),
        }));

    private static JsonObject ShowPart(ReportRow row)
    {
        var part = new JsonObject { ["model"] = row.Model, ["spend"] = row.Dollars, ["total_tokens"] = row.TotalTokens };
        if (row.Hash.Length > 0) part["api_key"] = new KeyHash(row.Hash).ToString();
        return part;
    }

    private static JsonHttpResult<JsonArray> ShowKeys(IReadOnlyList<ReportRow> rows) => Answer(
        rows.Where(row => row.Hash.Length > 0).GroupBy(row => new KeyHash(row.Hash).ToString()).Select(key => new JsonObject
        {
            ["api_key"] = key.Key,
            ["total_cost"] = key.Sum(row => row.Dollars),
            ["total_input_tokens"] = key.Sum(row => row.PromptTokens),
            ["total_output_tokens"] = key.Sum(row => row.CompletionTokens),
            ["model_details"] = new JsonArray([.. key.Select(row => (JsonNode)new JsonObject
            {
                ["model"] = row.Model,
                ["total_cost"] = row.Dollars,
                ["total_input_tokens"] = row.PromptTokens,
                ["total_output_tokens"] = row.CompletionTokens,
            })]),
        }));

    private static JsonHttpResult<JsonArray> Answer(IEnumerable<JsonObject> items) =>
        TypedResults.Json(new JsonArray([.. items]), AccountJson.Default.JsonArray);
}
