using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Proxy.Management.Access;
using Proxy.Management.Bodies;
using Proxy.Management.Budgets;
using Proxy.Management.Callbacks;
using Proxy.Management.Errors;
using Proxy.Management.Teams;

namespace Proxy.Management.Keys;

/// <summary>The key endpoints.</summary>
internal static class KeyEndpoints
{
    public static void MapKeyEndpoints(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/key/generate", AccessRule.Admin, GenerateAsync);
        routes.MapPost("/key/update", AccessRule.Admin, UpdateAsync);
        routes.MapGet("/key/info", AccessRule.OwnerOrAdmin, ShowAsync);
        routes.MapPost("/key/delete", AccessRule.Admin, DeleteAsync);
        routes.MapPost("/key/block", AccessRule.Admin, BlockAsync);
        routes.MapPost("/key/unblock", AccessRule.Admin, UnblockAsync);
    }

    private static async Task<IResult> GenerateAsync(
        HttpContext context, KeyChanges changes, BudgetCalendar calendar, TimeProvider time, CancellationToken cancellationToken)
    {
        var (fields, malformed) = await JsonBody.ReadAsync(context.Request, cancellationToken);
        if (malformed is not null) return new ErrorResult(malformed);

        var (request, fault) = KeyRequest.Read(fields!, calendar, context.ManagementCaller.UserId, time.GetUtcNow());
        if (fault is not null) return new ErrorResult(fault);

        var refusal = await changes.CreateAsync(request!.Record, cancellationToken);
        if (refusal is not null) return new ErrorResult(refusal);

        var token = request.Record.Identity.Hash.ToString();
        return Show(KeyView.Of(request.Record) with { Key = request.Key, Token = token, TokenId = token });
    }

    private static async Task<IResult> UpdateAsync(
        HttpContext context, KeyChanges changes, BudgetCalendar calendar, TimeProvider time, CancellationToken cancellationToken)
    {
        var (fields, malformed) = await JsonBody.ReadAsync(context.Request, cancellationToken);
        if (malformed is not null) return new ErrorResult(malformed);

        var (key, now, by) = (fields!.RequiredText("key"), time.GetUtcNow(), context.ManagementCaller.UserId);
        KeyIdentity Change(KeyIdentity old) => KeyUpdate.Apply(fields, old, calendar, now, by);
        Change(KeyIdentity.Blank);
        var spend = fields.Dollars("spend");
        var (callbacks, refusal) = CallbackRules.ReadMetadata(fields.Object("metadata"));
        if ((fields.Error ?? refusal) is { } fault) return new ErrorResult(fault);
        if (KeyFormat.FindHash(key!) is not { } hash) return new ErrorResult(KeyErrors.InvalidFormat);

        var stated = CallbackRules.IsStated(fields.Object("metadata")) ? callbacks : null;
        var (record, error) = await changes.UpdateAsync(hash, Change, stated, spend, cancellationToken);
        return error is not null ? new ErrorResult(error) : Show(KeyView.Of(record!) with { Key = key, Token = hash.ToString() });
    }

    private static async Task<IResult> ShowAsync(
        HttpContext context, KeyStore store, TeamRing teams, BudgetResets resets, IServiceProvider services, string? key, CancellationToken cancellationToken)
    {
        var caller = context.ManagementCaller;
        var hash = key is null ? caller.KeyHash : KeyFormat.FindHash(key);

        var record = hash is { } named ? await store.FindAsync(named, cancellationToken) : null;
        var team = record?.Identity.TeamId is { } teamId ? await teams.FindAsync(teamId) : null;

        // Another's key and no key get one answer, so that nobody can find out which keys exist.
        if (record is null ? !caller.SeesAll : !caller.MaySee(record.Identity, team?.Current)) return new ErrorResult(KeyErrors.NotYours);
        if (hash is not { } known) return new ErrorResult(KeyErrors.NotFound);

        if (await resets.TryResetAsync(record?.Identity.Limits.BudgetResetAt, cancellationToken)) record = await store.FindAsync(known, cancellationToken);
        if (record is null) return new ErrorResult(KeyErrors.NotFound);

        var effect = services.GetService<ILogging>()?.EffectOf(record.Identity, team?.Current);
        return TypedResults.Json(new KeyInfo(key ?? known.ToString(), KeyView.Of(record), effect), KeyJson.Default.KeyInfo);
    }

    private static async Task<IResult> DeleteAsync(HttpContext context, KeyChanges changes, CancellationToken cancellationToken)
    {
        var (fields, malformed) = await JsonBody.ReadAsync(context.Request, cancellationToken);
        if (malformed is not null) return new ErrorResult(malformed);

        var keys = fields!.TextList("keys") ?? [];
        var aliases = fields.TextList("key_aliases") ?? [];
        if (fields.Error is { } fault) return new ErrorResult(fault);
        if (keys.Count + aliases.Count == 0) return new ErrorResult(KeyErrors.NothingToDelete);

        var refusal = await changes.DeleteAsync(keys, aliases, cancellationToken);
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

        var record = await changes.SetBlockedAsync(hash, isBlocked, context.ManagementCaller.UserId, cancellationToken);
        return record is null ? new ErrorResult(KeyErrors.Unknown) : Show(KeyView.Of(record) with { Token = hash.ToString() });
    }

    private static JsonHttpResult<KeyView> Show(KeyView view) => TypedResults.Json(view, KeyJson.Default.KeyView);
}
