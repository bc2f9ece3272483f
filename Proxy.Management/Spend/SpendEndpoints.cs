using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Proxy.Management.Access;
using Proxy.Management.Budgets;
using Proxy.Management.Errors;
using Proxy.Management.Keys;

namespace Proxy.Management.Spend;

/// <summary>Reads of the book, of which no read is without a bound, and of what keys, users and tags have spent.</summary>
internal static class SpendEndpoints
{
    private const int MostNames = 100;

    public static void MapSpendEndpoints(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/spend/logs", AccessRule.OwnerOrAdmin, ListAsync);
        routes.MapGet("/spend/keys", AccessRule.AdminOrViewer, ListKeysAsync);
        routes.MapGet("/spend/users", AccessRule.AdminOrViewer, ListUsersAsync);
        routes.MapGet("/spend/tags", AccessRule.AdminOrViewer, ListTagsAsync);
    }

    /// <remarks>With two days it sums each day, unless that is not wanted; without, it lists the latest entries; it never lists all of them.</remarks>
    private static async Task<IResult> ListAsync(
        HttpContext context, SpendLog log, KeySecrets secrets, [AsParameters] SpendQuery query, [AsParameters] EntryQuery entries, CancellationToken cancellationToken)
    {
        if (query.LimitFault is { } outOfRange) return new ErrorResult(outOfRange);

        var (filter, fault) = await entries.ReadAsync(query, context.ManagementCaller, secrets, cancellationToken);
        if (fault is not null) return new ErrorResult(fault);
        if (entries.RequestId is not null) return Show(await FindAsync(log, entries.RequestId, filter!, cancellationToken));
        if (filter!.IsEmpty) return Show([]);
        if (filter.Days is { } range && !string.Equals(entries.Summarize, "false", StringComparison.OrdinalIgnoreCase))
            return await SumAsync(query.Book, filter.ToDays(range), cancellationToken);

        return Show(filter.IsNarrow
            ? await ListByDayAsync(log, query, filter, cancellationToken)
            : await log.ListAsync(filter, query.Count, cancellationToken));
    }

    public static async Task<IReadOnlyList<SpendEntry>> FindAsync(SpendLog log, string requestId, EntryFilter filter, CancellationToken cancellationToken) =>
        Guid.TryParse(requestId, out var callId) && await log.FindAsync(callId, cancellationToken) is { } entry && filter.Holds(entry) ? [entry] : [];

    /// <summary>Looks through those days only that have calls of what is asked for, the latest first, until it has enough.</summary>
    /// <remarks>An index of the book by key would say it at once, but made recording a call seven times as dear.</remarks>
    private static async Task<IReadOnlyList<SpendEntry>> ListByDayAsync(SpendLog log, SpendQuery query, EntryFilter filter, CancellationToken cancellationToken)
    {
        var entries = new List<SpendEntry>();
        var range = filter.Days ?? DayRange.Read(null, null, query.Time.GetUtcNow()).Range;
        foreach (var day in await query.Book.ByDayAsync(DayBook.Calls, filter.ToDays(range), cancellationToken))
        {
            entries.AddRange(await log.ListAsync(filter with { Days = new DayRange(day.Day, day.Day) }, query.Count - entries.Count, cancellationToken));
            if (entries.Count == query.Count) break;
        }

        return entries;
    }

    private static async Task<IResult> SumAsync(DayBook book, DayFilter days, CancellationToken cancellationToken)
    {
        var models = (await book.ByDayAndNameAsync(DayBook.Calls, "model", days, MostNames, cancellationToken)).ToLookup(row => row.Day);
        var users = (await book.ByDayAndNameAsync(DayBook.Calls, "user_id", days, MostNames, cancellationToken)).ToLookup(row => row.Day);
        var sums = (await book.ByDayAsync(DayBook.Calls, days, cancellationToken)).Reverse();
        return TypedResults.Json(
            [.. sums.Select(day => new SummedDay(day.Date, day.Dollars, Shares(users[day.Day]), Shares(models[day.Day])))],
            GlobalSpendJson.Default.IReadOnlyListSummedDay);
    }

    private static Dictionary<string, decimal> Shares(IEnumerable<DayRow> rows) =>
        rows.Where(row => row.Label.Length > 0).ToDictionary(row => row.Label, row => row.Dollars, StringComparer.Ordinal);

    private static async Task<IResult> ListKeysAsync([AsParameters] SpendQuery query, SpendRanking ranking, CancellationToken cancellationToken) =>
        query.LimitFault is { } fault
            ? new ErrorResult(fault)
            : TypedResults.Json(await ranking.KeysAsync(query.Count, cancellationToken), GlobalSpendJson.Default.IReadOnlyListRankedKey);

    private static async Task<IResult> ListUsersAsync(
        [AsParameters] SpendQuery query, SpendRanking ranking, [FromQuery(Name = "user_id")] string? userId, CancellationToken cancellationToken) =>
        (query.LimitFault ?? EntryQuery.FindFault("user_id", userId)) is { } fault
            ? new ErrorResult(fault)
            : TypedResults.Json(await ranking.UsersAsync(userId, query.Count, cancellationToken), GlobalSpendJson.Default.IReadOnlyListRankedUser);

    private static Task<IResult> ListTagsAsync([AsParameters] SpendQuery query, CancellationToken cancellationToken) => query.AnswerAsync(
        AccountKind.Tag,
        async filter => TypedResults.Json(
            [.. (await query.Book.ByNameAsync(DayBook.Accounts, "id", filter, query.Count, cancellationToken))
                .Select(tag => new SpendOfTag(tag.Label, tag.Requests, tag.Dollars))],
            GlobalSpendJson.Default.IReadOnlyListSpendOfTag));

    private static JsonHttpResult<IReadOnlyList<SpendLogRow>> Show(IReadOnlyList<SpendEntry> entries) => TypedResults.Json(
        (IReadOnlyList<SpendLogRow>)[.. entries.Select(SpendLogRow.Of)], SpendJson.Default.IReadOnlyListSpendLogRow);
}
