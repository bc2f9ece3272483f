using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Proxy.Management.Access;
using Proxy.Management.Bodies;
using Proxy.Management.Budgets;
using Proxy.Management.Errors;
using Proxy.Management.Keys;
using Proxy.Management.Storage;

namespace Proxy.Management.Users;

/// <summary>The user endpoints.</summary>
internal static class UserEndpoints
{
    private static readonly AccountRequest Request = UserContracts.Request;

    public static void MapUserEndpoints(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/user/new", AccessRule.Admin, CreateAsync);
        routes.MapPost("/user/update", AccessRule.Admin, UpdateAsync);
        routes.MapGet("/user/info", AccessRule.OwnerOrAdmin, ShowAsync);
    }

    /// <remarks>Clients expect a key with the user; the user's budget holds for it, so the key has none of its own.</remarks>
    private static async Task<IResult> CreateAsync(
        HttpContext context, AccountChanges changes, KeyChanges keys, BudgetCalendar calendar, TimeProvider time, CancellationToken cancellationToken)
    {
        var (fields, malformed) = await JsonBody.ReadAsync(context.Request, cancellationToken);
        if (malformed is not null) return new ErrorResult(malformed);

        var (now, by) = (time.GetUtcNow(), context.ManagementCaller.UserId);
        var id = new AccountId(AccountKind.User, fields!.Text(UserContracts.IdField) ?? Guid.NewGuid().ToString());
        var wantsKey = fields.Flag("auto_create_key") != false;
        AccountRow Apply(AccountRow row) => Request.Apply(fields, row, calendar, now, by);
        Apply(AccountRequest.New(id, now, by));
        var key = UserKey.Make(fields, id.Id, by, now);
        UserContracts.CheckRole(fields);
        if (fields.Error is { } fault) return new ErrorResult(fault);

        var change = await changes.SaveAsync(
            id,
            row => row is { UpdatedBy: not null } ? new(null, AccountErrors.Exists(UserContracts.IdField, id.Id)) : new(Apply(row ?? AccountRequest.New(id, now, by)), null),
            cancellationToken);
        if (change.Error is { } error) return new ErrorResult(error);

        var view = Request.Show(change.Row!, UserContracts.IdField);
        if (wantsKey)
        {
            if ((await keys.CreateAsync(key.Record, context.ManagementCaller, [], cancellationToken)).Error is { } refusal) return new ErrorResult(refusal);

            view["key"] = key.Key;
            view["token"] = key.Record.Identity.Hash.ToString();
            view["key_name"] = key.Record.Identity.Name;
            view["expires"] = key.Record.Identity.ExpiresAt is { } expiry ? JsonValue.Create(expiry) : null;
        }

        return TypedResults.Json(view, AccountJson.Default.JsonObject);
    }

    private static async Task<IResult> UpdateAsync(
        HttpContext context, AccountChanges changes, BudgetCalendar calendar, TimeProvider time, CancellationToken cancellationToken)
    {
        var (fields, malformed) = await JsonBody.ReadAsync(context.Request, cancellationToken);
        if (malformed is not null) return new ErrorResult(malformed);

        var (now, by) = (time.GetUtcNow(), context.ManagementCaller.UserId);
        var userId = fields!.RequiredText(UserContracts.IdField);
        AccountRow Apply(AccountRow row) => Request.Apply(fields, row, calendar, now, by);
        Apply(AccountRequest.New(default, now, by));
        UserContracts.CheckRole(fields);
        if (fields.Error is { } fault) return new ErrorResult(fault);

        var id = new AccountId(AccountKind.User, userId!);
        var change = await changes.SaveAsync(
            id, row => row is null ? new(null, AccountErrors.Unknown(UserContracts.IdField, id.Id)) : new(Apply(row), null), cancellationToken);
        return change.Error is { } error
            ? new ErrorResult(error)
            : TypedResults.Json(
                new JsonObject { ["user_id"] = userId, ["data"] = Request.Show(change.Row!, UserContracts.IdField) }, AccountJson.Default.JsonObject);
    }

    private static async Task<IResult> ShowAsync(
        HttpContext context, AccountStore store, KeyStore keys, BudgetResets resets, CancellationToken cancellationToken)
    {
        var caller = context.ManagementCaller;
        string? userId = context.Request.Query[UserContracts.IdField];
        if (string.IsNullOrEmpty(userId)) userId = caller.Key is null ? null : caller.UserId;
        if (userId is null) return new ErrorResult(AccountErrors.NoId(UserContracts.IdField));

        // Another and nobody get one answer, so that nobody can find out who there is.
        if (!caller.SeesAll && userId != caller.UserId) return new ErrorResult(UserContracts.NotYours(userId, caller));

        var id = new AccountId(AccountKind.User, userId);
        var row = await store.FindAsync(id, cancellationToken);
        if (await resets.TryResetAsync(Columns.ToMoment(row?.BudgetResetAt), cancellationToken)) row = await store.FindAsync(id, cancellationToken);
        if (row is null) return new ErrorResult(AccountErrors.Unknown(UserContracts.IdField, userId));

        var records = await keys.ListOfUserAsync(userId, cancellationToken);
        var view = Request.Show(row, UserContracts.IdField);
        return TypedResults.Json(
            new JsonObject
            {
                ["user_id"] = userId,
                ["user_info"] = view,
                ["keys"] = new JsonArray([.. records.Select(record => JsonSerializer.SerializeToNode(KeyView.Of(record), KeyJson.Default.KeyView))]),
                ["teams"] = view["teams"]?.DeepClone(),
            },
            AccountJson.Default.JsonObject);
    }
}
