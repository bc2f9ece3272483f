using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Proxy.Management.Access;
using Proxy.Management.Budgets;
using Proxy.Management.Errors;
using Proxy.Management.Teams;

namespace Proxy.Management.Spend;

/// <summary>What the days came to: by user, team, organisation, customer and tag, each by model, provider and key.</summary>
internal static class ActivityEndpoints
{
    private const int DefaultPageSize = 31;

    /// <summary>How many models, keys and so on a page names; the sums of days hold all.</summary>
    private const int MostParts = 100;

    private static readonly IReadOnlyDictionary<string, ActivityPart> Nothing = new Dictionary<string, ActivityPart>();

    public static void MapActivityEndpoints(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/user/daily/activity", AccessRule.OwnerOrAdmin, ShowUsersAsync);
        routes.MapGet("/team/daily/activity", AccessRule.OwnerOrAdmin, ShowTeamsAsync);
        routes.MapGet("/organization/daily/activity", AccessRule.AdminOrViewer, ShowOrganizationsAsync);
        routes.MapGet("/tag/daily/activity", AccessRule.AdminOrViewer, ShowTagsAsync);
        foreach (var path in (string[])["/customer/daily/activity", "/end_user/daily/activity"]) routes.MapGet(path, AccessRule.AdminOrViewer, ShowCustomersAsync);
    }

    private static Task<IResult> ShowUsersAsync(
        [AsParameters] ActivityQuery query, [FromQuery(Name = "user_id")] string? userId, CancellationToken cancellationToken) =>
        ShowCallsAsync(query, filter => filter.OfList("user_id", userId, "user_id"), entity: null, [], cancellationToken);

    /// <remarks>Who is no admin of a team sees of it what is their own.</remarks>
    private static async Task<IResult> ShowTeamsAsync(
        [AsParameters] ActivityQuery query,
        TeamSight sight,
        [FromQuery(Name = "team_ids")] string? teamIds,
        [FromQuery(Name = "exclude_team_ids")] string? excluded,
        CancellationToken cancellationToken)
    {
        var caller = query.Context.ManagementCaller;
        var asked = string.IsNullOrEmpty(teamIds) ? null : teamIds.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Take(DayFilter.MaxValues).ToList();
        var whole = caller.SeesAll ? [] : await sight.ListAsync(caller, asked, caller.IsAdminOf, cancellationToken);
        return await ShowCallsAsync(
            query,
            filter => filter.Having("team_id").OfList("team_id", teamIds, "team_ids") ?? filter.OfList("team_id", excluded, "exclude_team_ids", isNot: true),
            "team_id",
            whole,
            cancellationToken);
    }

    private static Task<IResult> ShowOrganizationsAsync(
        [AsParameters] ActivityQuery query, [FromQuery(Name = "organization_ids")] string? organizationIds, CancellationToken cancellationToken) =>
        ShowCallsAsync(
            query, filter => filter.Having("organization_id").OfList("organization_id", organizationIds, "organization_ids"), "organization_id", [],
            cancellationToken);

    private static Task<IResult> ShowTagsAsync([AsParameters] ActivityQuery query, string? tags, CancellationToken cancellationToken) =>
        ShowAccountsAsync(query, AccountKind.Tag, filter => filter.OfList("id", tags, "tags"), cancellationToken);

    private static Task<IResult> ShowCustomersAsync(
        [AsParameters] ActivityQuery query, [FromQuery(Name = "end_user_ids")] string? customers, CancellationToken cancellationToken) =>
        ShowAccountsAsync(query, AccountKind.Customer, filter => filter.OfList("id", customers, "end_user_ids"), cancellationToken);

    private static Task<IResult> ShowCallsAsync(
        ActivityQuery query, Func<DayFilter, ProxyError?> narrow, string? entity, IReadOnlyList<string> wholeTeams, CancellationToken cancellationToken) => ShowAsync(
        query,
        DayBook.Calls,
        range =>
        {
            var filter = new DayFilter(range).SeenBy(query.Context.ManagementCaller, wholeTeams);
            return (filter, narrow(filter) ?? filter.OfKey(query.ApiKey) ?? filter.OfList("model", query.Model, "model"));
        },
        entity,
        cancellationToken);

    private static Task<IResult> ShowAccountsAsync(
        ActivityQuery query, AccountKind kind, Func<DayFilter, ProxyError?> narrow, CancellationToken cancellationToken) => ShowAsync(
        query,
        DayBook.Accounts,
        range =>
        {
            var filter = new DayFilter(range, kind);
            return (filter, narrow(filter) ?? filter.OfList("model", query.Model, "model"));
        },
        "id",
        cancellationToken);

    private static async Task<IResult> ShowAsync(
        ActivityQuery query, string table, Func<DayRange, (DayFilter Filter, ProxyError? Error)> choose, string? entity, CancellationToken cancellationToken)
    {
        var (range, fault) = DayRange.Read(query.StartDate, query.EndDate, query.Time.GetUtcNow());
        if (fault is not null) return new ErrorResult(fault);
        if (!TryRead(query.Page, 1, int.MaxValue, out var page)) return new ErrorResult(ProxyError.BadRequest("'page' must be a whole number from 1 on.", "page"));
        if (!TryRead(query.PageSize, DefaultPageSize, 1000, out var size))
            return new ErrorResult(ProxyError.BadRequest("'page_size' must be a whole number from 1 to 1000.", "page_size"));

        var (filter, error) = choose(range);
        if (error is not null) return new ErrorResult(error);

        var days = await query.Book.ByDayAsync(table, filter, cancellationToken);
        var pages = (days.Count + size - 1) / size;
        var shown = days.Skip((int)Math.Min((page - 1L) * size, days.Count)).Take(size).ToList();
        var results = shown.Count == 0 ? [] : await BreakDownAsync(query.Book, table, shown, day => choose(day).Filter, entity, cancellationToken);
        return TypedResults.Json(new DailyActivity(results, ActivityTotals.Of(days, page, pages)), ActivityJson.Default.DailyActivity);
    }

    private static async Task<IReadOnlyList<ActivityDay>> BreakDownAsync(
        DayBook book, string table, List<DayRow> days, Func<DayRange, DayFilter> filter, string? entity, CancellationToken cancellationToken)
    {
        var range = new DayRange(days[^1].Day, days[0].Day);
        async Task<ILookup<long, DayRow>> PartsAsync(string? column) => column is null
            ? Enumerable.Empty<DayRow>().ToLookup(row => row.Day)
            : (await book.ByDayAndNameAsync(table, column, filter(range), MostParts, cancellationToken)).ToLookup(row => row.Day);

        var isCalls = table == DayBook.Calls;
        var groups = await PartsAsync("model");
        var models = await PartsAsync(isCalls ? "upstream_model" : null);
        var providers = await PartsAsync(isCalls ? "provider" : null);
        var keys = await PartsAsync(isCalls ? "key_hash" : null);
        var entities = await PartsAsync(entity);
        return [.. days.Select(day => new ActivityDay(
            day.Date,
            ActivityMetrics.Of(day),
            new ActivityBreakdown(Show(models[day.Day]), Show(groups[day.Day]), Show(providers[day.Day]), Show(keys[day.Day]), Show(entities[day.Day]))))];
    }

    private static IReadOnlyDictionary<string, ActivityPart> Show(IEnumerable<DayRow> rows)
    {
        var parts = rows.Where(row => row.Label.Length > 0).ToDictionary(row => row.Label, row => new ActivityPart(ActivityMetrics.Of(row)), StringComparer.Ordinal);
        return parts.Count == 0 ? Nothing : parts;
    }

    private static bool TryRead(string? text, int otherwise, int most, out int number)
    {
        number = otherwise;
        return string.IsNullOrEmpty(text) || (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number >= 1 && number <= most);
    }
}

/// <summary>What every activity may be asked for.</summary>
internal sealed record ActivityQuery(
    HttpContext Context,
    DayBook Book,
    TimeProvider Time,
    [property: FromQuery(Name = "start_date")] string? StartDate,
    [property: FromQuery(Name = "end_date")] string? EndDate,
    [property: FromQuery(Name = "api_key")] string? ApiKey,
    [property: FromQuery(Name = "model")] string? Model,
    [property: FromQuery(Name = "page")] string? Page,
    [property: FromQuery(Name = "page_size")] string? PageSize);
