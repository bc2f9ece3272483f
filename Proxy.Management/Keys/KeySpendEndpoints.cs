using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Proxy.Management.Access;
using Proxy.Management.Bodies;
using Proxy.Management.Errors;

namespace Proxy.Management.Keys;

/// <summary>Spend that is set back by hand. The book of calls and the sums of days stay as they are.</summary>
internal static class KeySpendEndpoints
{
    private const string Field = "reset_to";

    public static void MapKeySpendEndpoints(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/key/{key}/reset_spend", AccessRule.Admin, ResetAsync);
        routes.MapPost("/global/spend/reset", AccessRule.Admin, ResetAllAsync);
    }

    private static async Task<IResult> ResetAsync(HttpContext context, KeyChanges changes, TimeProvider time, string key, CancellationToken cancellationToken)
    {
        var (fields, malformed) = await JsonBody.ReadAsync(context.Request, cancellationToken);
        if (malformed is not null) return new ErrorResult(malformed);

        var spend = fields!.Dollars(Field) ?? 0;
        if (fields.Error is { } fault) return new ErrorResult(fault);
        if (KeyFormat.FindHash(key) is not { } hash) return new ErrorResult(KeyErrors.InvalidFormat);

        decimal before = 0;
        var caller = context.ManagementCaller;
        var edit = new KeyEdit(old => old with { UpdatedAt = time.GetUtcNow(), UpdatedBy = caller.UserId }, caller)
        {
            Spend = spend,
            Check = old => (before = old.Spend) < spend ? ProxyError.BadRequest($"'{Field}' must not be more than the spend of {old.Spend}.", Field) : null,
        };
        var (record, error) = await changes.UpdateAsync(hash, edit, cancellationToken);
        if (error is not null) return new ErrorResult(error == KeyErrors.UnknownForUpdate ? KeyErrors.NotFound : error);

        var limits = record!.Identity.Terms;
        return TypedResults.Json(
            new SpendReset(record.Identity.Hash.ToString(), spend, before, limits.MaxBudget, limits.BudgetResetAt), KeySpendJson.Default.SpendReset);
    }

    private static async Task<IResult> ResetAllAsync(HttpContext context, SpendResets resets, CancellationToken cancellationToken)
    {
        if (context.ManagementCaller.Key is not null) return new ErrorResult(AuthErrors.MasterKeyOnly("/global/spend/reset"));

        await resets.RunAsync(cancellationToken);
        return TypedResults.Json(new AllReset("Spend for all API Keys and Teams reset successfully", "success"), KeySpendJson.Default.AllReset);
    }
}

internal sealed record SpendReset(string KeyHash, decimal Spend, decimal PreviousSpend, decimal? MaxBudget, DateTimeOffset? BudgetResetAt);

internal sealed record AllReset(string Message, string Status);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(SpendReset))]
[JsonSerializable(typeof(AllReset))]
internal sealed partial class KeySpendJson : JsonSerializerContext;
