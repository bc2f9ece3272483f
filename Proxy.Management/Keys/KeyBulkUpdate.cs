using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Proxy.Management.Access;
using Proxy.Management.Bodies;
using Proxy.Management.Budgets;
using Proxy.Management.Errors;

namespace Proxy.Management.Keys;

/// <summary>Updates of many keys in one call: each by itself, and each with its own answer.</summary>
internal static class KeyBulkUpdate
{
    private const int MaxKeys = 500;

    public static void MapKeyBulkUpdate(this IEndpointRouteBuilder routes) => routes.MapPost("/key/bulk_update", AccessRule.Admin, UpdateAsync);

    private static async Task<IResult> UpdateAsync(
        HttpContext context, KeyChanges changes, KeyGenerationRules rules, BudgetCalendar calendar, TimeProvider time, CancellationToken cancellationToken)
    {
        var (fields, malformed) = await JsonBody.ReadAsync(context.Request, cancellationToken);
        if (malformed is not null) return new ErrorResult(malformed);

        var items = fields!.List("keys");
        if (fields.Error is { } fault) return new ErrorResult(fault);
        if (items is null || items.Value.GetArrayLength() == 0) return new ErrorResult(KeyErrors.NoKeysPassed);
        if (items.Value.GetArrayLength() > MaxKeys) return new ErrorResult(KeyErrors.TooMany("keys", MaxKeys));

        var (good, bad) = (new List<UpdatedKey>(), new List<FailedKey>());
        foreach (var item in items.Value.EnumerateArray())
        {
            var (name, record, error) = await UpdateAsync(item, context.ManagementCaller);
            if (error is null) good.Add(new UpdatedKey(name, KeyView.WithToken(record!)));
            else bad.Add(new FailedKey(name, error.Message));
        }

        return TypedResults.Json(new BulkUpdate(good.Count + bad.Count, good, bad), KeyBulkJson.Default.BulkUpdate);

        async Task<(string? Name, KeyRecord? Key, ProxyError? Error)> UpdateAsync(JsonElement item, Caller caller)
        {
            if (item.ValueKind != JsonValueKind.Object) return (null, null, KeyErrors.NotAnObject);

            var (update, refusal) = rules.Bound(new FieldReader(item));
            var name = update.RequiredText("key");
            var (edit, wrong) = KeyUpdate.Read(update, calendar, caller, time.GetUtcNow());
            if ((wrong ?? refusal) is { } why) return (name, null, why);
            if (KeyFormat.FindHash(name!) is not { } hash) return (name, null, KeyErrors.InvalidFormat);

            var (record, error) = await changes.UpdateAsync(hash, edit!, cancellationToken);
            return (name, record, error);
        }
    }
}

internal sealed record BulkUpdate(int TotalRequested, IReadOnlyList<UpdatedKey> SuccessfulUpdates, IReadOnlyList<FailedKey> FailedUpdates);

/// <param name="Key">As the caller named it.</param>
/// <param name="KeyInfo">As it is now.</param>
internal sealed record UpdatedKey(string? Key, KeyView KeyInfo);

internal sealed record FailedKey(string? Key, string FailedReason);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(BulkUpdate))]
internal sealed partial class KeyBulkJson : JsonSerializerContext;
