using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Proxy.Management.Access;
using Proxy.Management.Bodies;
using Proxy.Management.Budgets;
using Proxy.Management.Errors;

namespace Proxy.Management.Spend;

/// <summary>What the whole gateway has spent, from the sums of days.</summary>
internal static class GlobalSpendEndpoints
{
    private const int MostNames = 100;
    private const int MostModels = 10;

    public static void MapGlobalSpendEndpoints(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/global/spend", AccessRule.AdminOrViewer, ShowSpend);
        routes.MapGet("/global/spend/logs", AccessRule.AdminOrViewer, ListDaysAsync);
        routes.MapGet("/global/spend/keys", AccessRule.AdminOrViewer, ListKeysAsync);
        routes.MapGet("/global/spend/models", AccessRule.AdminOrViewer, ListModelsAsync);
        routes.MapGet("/global/spend/provider", AccessRule.AdminOrViewer, ListProvidersAsync);
        routes.MapGet("/global/spend/teams", AccessRule.AdminOrViewer, ListTeamsAsync);
        routes.MapGet("/global/spend/tags", AccessRule.AdminOrViewer, ListTagsAsync);
        routes.MapPost("/global/spend/end_users", AccessRule.AdminOrViewer, ListCustomersAsync);
        routes.MapGet("/global/activity", AccessRule.AdminOrViewer, ShowActivityAsync);
        routes.MapGet("/global/activity/model", AccessRule.AdminOrViewer, ShowActivityOfModelsAsync);
    }

    private static JsonHttpResult<GlobalSpend> ShowSpend(ProxyLimits limits)
    {
        var (spend, budget) = limits.Standing;
        return TypedResults.Json(new GlobalSpend(spend, budget), GlobalSpendJson.Default.GlobalSpend);
    }

    private static Task<IResult> ListDaysAsync([AsParameters] SpendQuery query, CancellationToken cancellationToken) => query.AnswerAsync(
        async filter => TypedResults.Json(
            [.. (await query.Book.ByDayAsync(DayBook.Calls, filter, cancellationToken)).Reverse().Select(day => new SpendOfDay(day.Date, day.Dollars))],
            GlobalSpendJson.Default.IReadOnlyListSpendOfDay));

    private static Task<IResult> ListKeysAsync([AsParameters] SpendQuery query, SpendRanking names, CancellationToken cancellationToken) => query.AnswerAsync(
        async filter => TypedResults.Json(
            await names.NameAsync(await query.Book.ByNameAsync(DayBook.Calls, "key_hash", filter, query.Count, cancellationToken), cancellationToken),
            GlobalSpendJson.Default.IReadOnlyListSpendOfKey));

    private static Task<IResult> ListModelsAsync([AsParameters] SpendQuery query, CancellationToken cancellationToken) => query.AnswerAsync(
        async filter => TypedResults.Json(
            [.. (await query.Book.ByNameAsync(DayBook.Calls, "model", filter, query.Count, cancellationToken)).Select(row => new SpendOfModel(row.Label, row.Dollars))],
            GlobalSpendJson.Default.IReadOnlyListSpendOfModel));

    private static Task<IResult> ListProvidersAsync([AsParameters] SpendQuery query, CancellationToken cancellationToken) => query.AnswerAsync(
        async filter => TypedResults.Json(
            [.. (await query.Book.ByNameAsync(DayBook.Calls, "provider", filter.Having("provider"), query.Count, cancellationToken))
                .Select(row => new SpendOfProvider(row.Label, row.Dollars))],
            GlobalSpendJson.Default.IReadOnlyListSpendOfProvider));

    private static Task<IResult> ListTeamsAsync([AsParameters] SpendQuery query, CancellationToken cancellationToken) => query.AnswerAsync(async filter =>
    {
        filter.Having("team_id");
        var teams = await query.Book.ByNameAsync(DayBook.Calls, "team_id", filter, MostNames, cancellationToken);
        var days = await query.Book.ByDayAndNameAsync(DayBook.Calls, "team_id", filter, MostNames, cancellationToken);
        return TypedResults.Json(
            new TeamSpend(
                [.. days.GroupBy(row => row.Day).Select(day => ShowDay(day.Key, day))],
                [.. teams.Select(team => team.Label)],
                [.. teams.Select(team => new SpendOfTeam(team.Label, team.Dollars))]),
            GlobalSpendJson.Default.TeamSpend);
    });

    private static JsonObject ShowDay(long day, IEnumerable<DayRow> teams)
    {
        var shown = new JsonObject { ["date"] = DayRange.Show(day) };
        foreach (var team in teams) shown[team.Label] = team.Dollars;
        return shown;
    }

    private static Task<IResult> ListTagsAsync([AsParameters] SpendQuery query, string? tags, CancellationToken cancellationToken) => query.AnswerAsync(
        AccountKind.Tag,
        async filter => filter.OfList("id", tags, "tags") is { } fault
            ? new ErrorResult(fault)
            : TypedResults.Json(
                new TagSpend([.. (await query.Book.ByNameAsync(DayBook.Accounts, "id", filter, query.Count, cancellationToken))
                    .Select(tag => new NamedTagSpend(tag.Label, tag.Dollars, tag.Requests))]),
                GlobalSpendJson.Default.TagSpend));

    private static async Task<IResult> ListCustomersAsync(HttpContext context, DayBook book, TimeProvider time, CancellationToken cancellationToken)
    {
        var (fields, malformed) = await JsonBody.ReadAsync(context.Request, cancellationToken);
        if (malformed is not null) return new ErrorResult(malformed);

        var (start, end) = (fields!.Text("startTime"), fields.Text("endTime"));
        if (fields.Error is { } fault) return new ErrorResult(fault);
        if (fields.Presence("api_key") == FieldPresence.Present)
            return new ErrorResult(ProxyError.BadRequest("Customers are not summed by key; ask without 'api_key'.", "api_key"));

        // Clients send moments here; it is their days that are summed.
        var (range, error) = DayRange.Read(start?.Split('T', ' ')[0], end?.Split('T', ' ')[0], time.GetUtcNow());
        if (error is not null) return new ErrorResult(error);

        var rows = await book.ByNameAsync(DayBook.Accounts, "id", new DayFilter(range, AccountKind.Customer), MostNames, cancellationToken);
        return TypedResults.Json(
            [.. rows.Select(row => new SpendOfCustomer(row.Label, row.Requests, row.Dollars))], GlobalSpendJson.Default.IReadOnlyListSpendOfCustomer);
    }

    private static Task<IResult> ShowActivityAsync([AsParameters] SpendQuery query, CancellationToken cancellationToken) => query.AnswerAsync(async filter =>
    {
        var (days, requests, tokens) = Sum(await query.Book.ByDayAsync(DayBook.Calls, filter, cancellationToken));
        return TypedResults.Json(new GlobalActivity(days, requests, tokens), GlobalSpendJson.Default.GlobalActivity);
    });

    private static Task<IResult> ShowActivityOfModelsAsync([AsParameters] SpendQuery query, CancellationToken cancellationToken) => query.AnswerAsync(async filter =>
    {
        var rows = await query.Book.ByDayAndNameAsync(DayBook.Calls, "model", filter, MostModels, cancellationToken);
        var models = rows.GroupBy(row => row.Label).OrderByDescending(model => model.Sum(row => row.Spend)).Select(model =>
        {
            var (days, requests, tokens) = Sum(model);
            return new ModelActivity(model.Key, days, requests, tokens);
        });
        return TypedResults.Json([.. models], GlobalSpendJson.Default.IReadOnlyListModelActivity);
    });

    private static (IReadOnlyList<DayOfActivity> Days, long Requests, long Tokens) Sum(IEnumerable<DayRow> rows)
    {
        DayOfActivity[] days = [.. rows.OrderBy(row => row.Day).Select(row => new DayOfActivity(row.Date, row.Requests, row.TotalTokens))];
        return (days, days.Sum(day => day.ApiRequests), days.Sum(day => day.TotalTokens));
    }
}
