using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Proxy.Management.Access;
using Proxy.Management.Bodies;
using Proxy.Management.Budgets;
using Proxy.Management.Errors;

namespace Proxy.Management.Keys;

/// <summary>A new secret for a key that stays what it is, with its spend, its budgets and its alias.</summary>
internal static class KeyRegeneration
{
    public static void MapKeyRegeneration(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/key/regenerate", AccessRule.Manager, RegenerateAsync);
        routes.MapPost("/key/{key}/regenerate", AccessRule.Manager, RegenerateAsync);
    }

    private static async Task<IResult> RegenerateAsync(
        HttpContext context, KeyChanges changes, KeyGenerationRules rules, BudgetCalendar calendar, TimeProvider time, string? key,
        CancellationToken cancellationToken)
    {
        var (fields, malformed) = await JsonBody.ReadAsync(context.Request, cancellationToken);
        if (malformed is not null) return new ErrorResult(malformed);

        var now = time.GetUtcNow();
        var (stated, overBound) = rules.Bound(fields!);
        var inBody = key is null ? stated.RequiredText("key") : stated.Text("key");
        var named = key ?? inBody;
        var (secret, plain) = ReadSecret(stated, now);
        var (edit, fault) = KeyUpdate.Read(stated, calendar, context.ManagementCaller, now);
        if ((fault ?? overBound) is { } wrong) return new ErrorResult(wrong);
        if (KeyFormat.FindHash(named!) is not { } hash) return new ErrorResult(KeyErrors.InvalidFormat);

        var (record, error) = await changes.UpdateAsync(hash, edit! with { Secret = secret }, cancellationToken);
        return error is null ? KeyEndpoints.Show(KeyView.WithKey(record!, plain)) : new ErrorResult(error == KeyErrors.UnknownForUpdate ? KeyErrors.NotFound : error);
    }

    private static (NewSecret Secret, string Plain) ReadSecret(FieldReader fields, DateTimeOffset now)
    {
        if (fields.Presence("new_master_key") == FieldPresence.Present)
            fields.FaultInValue("new_master_key", "The master key is the operator's: it stands in the environment or in the data folder, and cannot be changed here.");

        var plain = KeyRequest.ReadKey(fields, "new_key");
        return (new NewSecret(KeyHash.Of(plain), KeyFormat.Shorten(plain), fields.MomentAfter("grace_period", now)), plain);
    }
}
