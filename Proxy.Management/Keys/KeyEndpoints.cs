using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Proxy.Management.Access;
using Proxy.Management.Bodies;
using Proxy.Management.Budgets;
using Proxy.Management.Callbacks;
using Proxy.Management.Errors;
using Proxy.Management.Invitations;
using Proxy.Management.Teams;

namespace Proxy.Management.Keys;

/// <summary>The key endpoints.</summary>
internal static class KeyEndpoints
{
    public static void MapKeyEndpoints(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/key/generate", AccessRule.Manager, GenerateAsync);
        routes.MapPost("/key/service-account/generate", AccessRule.Manager, GenerateServiceAccountAsync);
        routes.MapPost("/key/update", AccessRule.Manager, UpdateAsync);
        routes.MapGet("/key/info", AccessRule.OwnerOrAdmin, ShowAsync);
        routes.MapPost("/key/delete", AccessRule.Manager, DeleteAsync);
        routes.MapPost("/key/block", AccessRule.Manager, BlockAsync);
        routes.MapPost("/key/unblock", AccessRule.Manager, UnblockAsync);
    }

    private static async Task<IResult> GenerateAsync(HttpContext context, KeyGenerator generator, InvitationSender invitations, CancellationToken cancellationToken) =>
        await MakeAsync(context, generator.GenerateAsync, invitations, cancellationToken);

    private static async Task<IResult> GenerateServiceAccountAsync(
        HttpContext context, KeyGenerator generator, InvitationSender invitations, CancellationToken cancellationToken) =>
        await MakeAsync(context, generator.GenerateServiceAccountAsync, invitations, cancellationToken);

    private static async Task<IResult> MakeAsync(
        HttpContext context,
        Func<FieldReader, Caller, CancellationToken, Task<(string Key, KeyRecord? Record, ProxyError? Error)>> make,
        InvitationSender invitations,
        CancellationToken cancellationToken)
    {
        var (fields, malformed) = await JsonBody.ReadAsync(context.Request, cancellationToken);
        if (malformed is not null) return new ErrorResult(malformed);

        var (key, record, error) = await make(fields!, context.ManagementCaller, cancellationToken);
        if (error is not null) return new ErrorResult(error);

        var invitation = await invitations.SendAsync(fields!, record!.Identity.UserId, record.Identity, cancellationToken);
        return Show(KeyView.WithKey(record, key).With(invitation));
    }

    private static async Task<IResult> UpdateAsync(
        HttpContext context, KeyChanges changes, KeyGenerationRules rules, BudgetCalendar calendar, TimeProvider time, CancellationToken cancellationToken)
    {
        var (fields, malformed) = await JsonBody.ReadAsync(context.Request, cancellationToken);
        if (malformed is not null) return new ErrorResult(malformed);

        var (stated, overBound) = rules.Bound(fields!);
        var key = stated.RequiredText("key");
        var (edit, fault) = KeyUpdate.Read(stated, calendar, context.ManagementCaller, time.GetUtcNow());
        if ((fault ?? overBound) is { } wrong) return new ErrorResult(wrong);
        if (KeyFormat.FindHash(key!) is not { } hash) return new ErrorResult(KeyErrors.InvalidFormat);

        var (record, error) = await changes.UpdateAsync(hash, edit!, cancellationToken);
        return error is null ? Show(KeyView.WithToken(record!) with { Key = key }) : new ErrorResult(error);
    }

    private static async Task<IResult> ShowAsync(
        HttpContext context, KeyStore store, TeamRing teams, BudgetResets resets, IServiceProvider services, string? key, CancellationToken cancellationToken)
    {
        var caller = context.ManagementCaller;
        var hash = key is null ? caller.KeyHash : KeyFormat.FindHash(key);

        var record = hash is { } named ? await store.FindNamedAsync(named, cancellationToken) : null;
        var team = record?.Identity.TeamId is { } teamId ? await teams.FindAsync(teamId) : null;

        // Another's key and no key get one answer, so that nobody can find out which keys exist.
        if (record is null ? !caller.SeesAll : !caller.MaySee(record.Identity, team?.Current)) return new ErrorResult(KeyErrors.NotYours);
        if (record is null) return new ErrorResult(KeyErrors.NotFound);

        if (await resets.TryResetAsync(record.Identity.Limits.BudgetResetAt, cancellationToken))
            record = await store.FindAsync(record.Identity.Hash, cancellationToken) ?? record;

        var effect = services.GetService<ILogging>()?.EffectOf(record.Identity, team?.Current);
        return TypedResults.Json(new KeyInfo(key ?? hash.ToString(), KeyView.Of(record), effect), KeyJson.Default.KeyInfo);
    }

    private static async Task<IResult> DeleteAsync(HttpContext context, KeyChanges changes, CancellationToken cancellationToken)
    {
        var (fields, malformed) = await JsonBody.ReadAsync(context.Request, cancellationToken);
        if (malformed is not null) return new ErrorResult(malformed);

        var keys = fields!.TextList("keys") ?? [];
        var aliases = fields.TextList("key_aliases") ?? [];
        if (fields.Error is { } fault) return new ErrorResult(fault);
        if (keys.Count + aliases.Count == 0) return new ErrorResult(KeyErrors.NothingToDelete);

        var refusal = await changes.DeleteAsync(keys, aliases, context.ManagementCaller, cancellationToken);
        return refusal is null
            ? TypedResults.Json(new DeletedKeys([.. keys, .. aliases]), KeyJson.Default.DeletedKeys)
            : new ErrorResult(refusal);
    }

    private static Task<IResult> BlockAsync(HttpContext context, KeyChanges changes, CancellationToken cancellationToken) =>
        SetBlockedAsync(context, changes, isBlocked: true, cancellationToken);

    private static Task<IResult> UnblockAsync(HttpContext context, KeyChanges changes, CancellationToken cancellationToken) =>
        SetBlockedAsync(context, changes, isBlocked: false, cancellationToken);

    private static async Task<IResult> SetBlockedAsync(
        HttpContext context, KeyChanges changes, bool isBlocked, CancellationToken cancellationToken)
    {
        var (fields, malformed) = await JsonBody.ReadAsync(context.Request, cancellationToken);
        if (malformed is not null) return new ErrorResult(malformed);

        var key = fields!.RequiredText("key");
        if (fields.Error is { } fault) return new ErrorResult(fault);
        if (KeyFormat.FindHash(key!) is not { } hash) return new ErrorResult(KeyErrors.InvalidFormat);

        var (record, error) = await changes.SetBlockedAsync(hash, isBlocked, context.ManagementCaller, cancellationToken);
        return error is null ? Show(KeyView.WithToken(record!)) : new ErrorResult(error);
    }

    public static JsonHttpResult<KeyView> Show(KeyView view) => TypedResults.Json(view, KeyJson.Default.KeyView);
}
