using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Proxy.Management.Access;
using Proxy.Management.Bodies;
using Proxy.Management.Errors;
using Proxy.Management.Keys;

namespace Proxy.Management.Spend;

/// <summary><c>GET /spend/logs/v2</c>: the entries of some days in numbered pages, the latest first, with how many there are.</summary>
/// <remarks>The sums of days tell how many entries each day has, so that no page reads those of another day.</remarks>
internal static class SpendPageEndpoint
{
    public static void MapSpendPageEndpoint(this IEndpointRouteBuilder routes)
    {
        // The older name is the one that dashboards call.
        foreach (var path in (string[])["/spend/logs/v2", "/spend/logs/ui"]) routes.MapGet(path, AccessRule.OwnerOrAdmin, ListAsync);
    }

    private static async Task<IResult> ListAsync(
        HttpContext context, SpendLog log, KeySecrets secrets, [AsParameters] SpendQuery query, [AsParameters] EntryQuery entries,
        [AsParameters] SpendPageQuery page, CancellationToken cancellationToken)
    {
        if (page.FindFault() is { } outOfRange) return new ErrorResult(outOfRange);

        var (filter, fault) = await entries.ReadAsync(
            query with { StartDate = DayOf(query.StartDate), EndDate = DayOf(query.EndDate) }, context.ManagementCaller, secrets, cancellationToken);
        if (fault is not null) return new ErrorResult(fault);

        var chosen = filter! with { Model = string.IsNullOrEmpty(page.Model) ? null : page.Model };
        if (entries.RequestId is not null) return Show(await SpendEndpoints.FindAsync(log, entries.RequestId, chosen, cancellationToken), page, total: null);
        if (chosen.IsEmpty) return Show([], page, total: 0);

        var range = chosen.Days ?? DayRange.Read(null, null, query.Time.GetUtcNow()).Range;
        var days = await query.Book.ByDayAsync(DayBook.Calls, chosen.ToDays(range), cancellationToken);
        return Show(await ReadAsync(log, chosen, days, page, cancellationToken), page, days.Sum(day => day.Requests));
    }

    private static async Task<IReadOnlyList<SpendEntry>> ReadAsync(
        SpendLog log, EntryFilter filter, IReadOnlyList<DayRow> days, SpendPageQuery page, CancellationToken cancellationToken)
    {
        var entries = new List<SpendEntry>(page.Size);
        var passed = (page.Number - 1L) * page.Size;
        foreach (var day in days)
        {
            if (entries.Count == page.Size) break;
            if (passed < day.Requests)
            {
                var ofDay = filter with { Days = new DayRange(day.Day, day.Day) };
                entries.AddRange(await log.ListAsync(ofDay, page.Size - entries.Count, cancellationToken, passed));
            }

            passed = Math.Max(0, passed - day.Requests);
        }

        return entries;
    }

    /// <summary>Clients send moments here; it is their days that count.</summary>
    private static string? DayOf(string? moment) => moment?.Split('T', ' ')[0];

    private static JsonHttpResult<SpendPage> Show(IReadOnlyList<SpendEntry> entries, SpendPageQuery page, long? total)
    {
        var count = total ?? entries.Count;
        return TypedResults.Json(
            new SpendPage([.. entries.Select(SpendLogRow.Of)], count, page.Number, page.Size, (count + page.Size - 1) / page.Size),
            SpendPageJson.Default.SpendPage);
    }
}

/// <summary>Which page is asked for, and of which model.</summary>
internal sealed record SpendPageQuery(
    [property: FromQuery(Name = "page")] string? PageText,
    [property: FromQuery(Name = "page_size")] string? SizeText,
    [property: FromQuery(Name = "model")] string? Model)
{
    private const int DefaultSize = 50;
    private const int MaxSize = 100;
    private const int MaxNumber = 1_000_000_000;

    /// <summary>Look at <see cref="FindFault"/> first.</summary>
    public int Number => QueryNumber.Read(PageText, 1, MaxNumber) ?? 1;

    public int Size => QueryNumber.Read(SizeText, DefaultSize, MaxSize) ?? DefaultSize;

    public ProxyError? FindFault() =>
        QueryNumber.Read(PageText, 1, MaxNumber) is null ? QueryNumber.OutOfRange("page", MaxNumber)
        : QueryNumber.Read(SizeText, DefaultSize, MaxSize) is null ? QueryNumber.OutOfRange("page_size", MaxSize)
        : EntryQuery.FindFault("model", Model);
}

internal sealed record SpendPage(IReadOnlyList<SpendLogRow> Data, long Total, int Page, int PageSize, long TotalPages);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(SpendPage))]
internal sealed partial class SpendPageJson : JsonSerializerContext;
