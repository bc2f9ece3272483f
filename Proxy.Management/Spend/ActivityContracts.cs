using System.Text.Json.Serialization;

namespace Proxy.Management.Spend;

/// <summary>Days with what they came to, and the sum of all days that were asked for.</summary>
internal sealed record DailyActivity(IReadOnlyList<ActivityDay> Results, ActivityTotals Metadata);

/// <param name="Date">Such as 2026-01-31, in UTC.</param>
internal sealed record ActivityDay(string Date, ActivityMetrics Metrics, ActivityBreakdown Breakdown);

internal sealed record ActivityMetrics(
    decimal Spend,
    long PromptTokens,
    long CompletionTokens,
    long CacheReadInputTokens,
    long CacheCreationInputTokens,
    long TotalTokens,
    long SuccessfulRequests,
    long FailedRequests,
    long ApiRequests)
{
    public static ActivityMetrics Of(DayRow row) => new(
        row.Dollars, row.PromptTokens, row.CompletionTokens, row.CachedTokens, row.CacheWriteTokens, row.TotalTokens, row.Successes,
        row.Requests - row.Successes, row.Requests);
}

/// <summary>A day by its parts; of each, those that are the dearest of the page.</summary>
/// <param name="Models">By what the provider calls it.</param>
/// <param name="ModelGroups">By what clients call it.</param>
/// <param name="Entities">By team, organisation, tag or customer.</param>
internal sealed record ActivityBreakdown(
    IReadOnlyDictionary<string, ActivityPart> Models,
    IReadOnlyDictionary<string, ActivityPart> ModelGroups,
    IReadOnlyDictionary<string, ActivityPart> Providers,
    IReadOnlyDictionary<string, ActivityPart> ApiKeys,
    IReadOnlyDictionary<string, ActivityPart> Entities);

internal sealed record ActivityPart(ActivityMetrics Metrics);

internal sealed record ActivityTotals(
    decimal TotalSpend,
    long TotalPromptTokens,
    long TotalCompletionTokens,
    long TotalTokens,
    long TotalApiRequests,
    long TotalSuccessfulRequests,
    long TotalFailedRequests,
    long TotalCacheReadInputTokens,
    long TotalCacheCreationInputTokens,
    int Page,
    int TotalPages,
    bool HasMore)
{
    public static ActivityTotals Of(IReadOnlyList<DayRow> days, int page, int pages) => new(
        days.Sum(day => day.Dollars),
        days.Sum(day => day.PromptTokens),
        days.Sum(day => day.CompletionTokens),
        days.Sum(day => day.TotalTokens),
        days.Sum(day => day.Requests),
        days.Sum(day => day.Successes),
        days.Sum(day => day.Requests - day.Successes),
        days.Sum(day => day.CachedTokens),
        days.Sum(day => day.CacheWriteTokens),
        page,
        pages,
        page < pages);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(DailyActivity))]
internal sealed partial class ActivityJson : JsonSerializerContext;
