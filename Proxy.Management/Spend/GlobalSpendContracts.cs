using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Proxy.Management.Spend;

/// <param name="MaxBudget">Of the whole gateway; null when it has none.</param>
internal sealed record GlobalSpend(decimal Spend, decimal? MaxBudget);

internal sealed record SpendOfDay(string Date, decimal Spend);

internal sealed record SpendOfKey(string ApiKey, string? KeyAlias, string? KeyName, decimal TotalSpend);

internal sealed record SpendOfModel(string Model, decimal TotalSpend);

internal sealed record SpendOfProvider(string Provider, decimal Spend);

internal sealed record SpendOfTeam(string TeamId, decimal TotalSpend);

internal sealed record SpendOfCustomer(string EndUser, long TotalCount, decimal TotalSpend);

internal sealed record SpendOfTag(string IndividualRequestTag, long LogCount, decimal TotalSpend);

internal sealed record NamedTagSpend(string Name, decimal Spend, long LogCount);

internal sealed record TagSpend(IReadOnlyList<NamedTagSpend> SpendPerTag);

/// <param name="DailySpend">A day each, with the spend of each team under its id.</param>
internal sealed record TeamSpend(IReadOnlyList<JsonObject> DailySpend, IReadOnlyList<string> Teams, IReadOnlyList<SpendOfTeam> TotalSpendPerTeam);

internal sealed record DayOfActivity(string Date, long ApiRequests, long TotalTokens);

internal sealed record GlobalActivity(IReadOnlyList<DayOfActivity> DailyData, long SumApiRequests, long SumTotalTokens);

internal sealed record ModelActivity(string Model, IReadOnlyList<DayOfActivity> DailyData, long SumApiRequests, long SumTotalTokens);

/// <summary>A day of <c>/spend/logs</c>; one name is in another case than all others.</summary>
internal sealed record SummedDay(
    [property: JsonPropertyName("startTime")] string StartTime,
    decimal Spend,
    IReadOnlyDictionary<string, decimal> Users,
    IReadOnlyDictionary<string, decimal> Models);

internal sealed record RankedKey(
    string Token, string KeyName, string? KeyAlias, string? UserId, string? TeamId, decimal Spend, decimal? MaxBudget);

internal sealed record RankedUser(string UserId, string? UserAlias, decimal Spend, decimal? MaxBudget);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(GlobalSpend))]
[JsonSerializable(typeof(IReadOnlyList<SpendOfDay>))]
[JsonSerializable(typeof(IReadOnlyList<SpendOfKey>))]
[JsonSerializable(typeof(IReadOnlyList<SpendOfModel>))]
[JsonSerializable(typeof(IReadOnlyList<SpendOfProvider>))]
[JsonSerializable(typeof(IReadOnlyList<SpendOfCustomer>))]
[JsonSerializable(typeof(IReadOnlyList<SpendOfTag>))]
[JsonSerializable(typeof(TagSpend))]
[JsonSerializable(typeof(TeamSpend))]
[JsonSerializable(typeof(GlobalActivity))]
[JsonSerializable(typeof(IReadOnlyList<ModelActivity>))]
[JsonSerializable(typeof(IReadOnlyList<SummedDay>))]
[JsonSerializable(typeof(IReadOnlyList<RankedKey>))]
[JsonSerializable(typeof(IReadOnlyList<RankedUser>))]
internal sealed partial class GlobalSpendJson : JsonSerializerContext;
