using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Proxy.Management.Access;
using Proxy.Management.Bodies;
using Proxy.Management.Budgets;
using Proxy.Management.Errors;
using Proxy.Management.Invitations;
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
        routes.MapPost("/user/delete", AccessRule.Admin, DeleteAsync);
        routes.MapGet("/user/info", AccessRule.OwnerOrAdmin, ShowAsync);
    }

    /// <remarks>Clients expect a key with the user.</remarks>
    private static async Task<IResult> CreateAsync(
        HttpContext context,
        UserChanges changes,
        KeyGenerator keys,
        InvitationSender invitations,
        BudgetCalendar calendar,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        var (fields, malformed) = await JsonBody.ReadAsync(context.Request, cancellationToken);
        if (malformed is not null) return new ErrorResult(malformed);

        var (caller, now) = (context.ManagementCaller, time.GetUtcNow());
        var id = new AccountId(AccountKind.User, fields!.Text(UserContracts.IdField) ?? Guid.NewGuid().ToString());
        var wantsKey = fields.Flag("auto_create_key") != false;
        var teams = AskedTeam.ReadAll(fields);
        AccountRow Apply(AccountRow row) => UserTeams.WithIds(Request.Apply(fields, row, calendar, now, caller.UserId), teams);
        Apply(AccountRequest.New(id, now, caller.UserId));
        UserKey.Check(fields, now);
        UserContracts.CheckRole(fields);
        fields.Flag(InvitationSender.Field);
        if (fields.Error is { } fault) return new ErrorResult(fault);

        var (key, refusal) = wantsKey ? await keys.PrepareAsync(UserKey.Ask(fields, id.Id), caller, cancellationToken) : default;
        if (refusal is not null) return new ErrorResult(refusal);

        var user = await changes.CreateAsync(new UserEdit(id, Apply, teams, fields.TextList(UserOrganizations.Field) ?? []), key?.Record, caller, cancellationToken);
        if (user.Error is { } error) return new ErrorResult(error);

        var view = Show(user, key);
        if (await invitations.SendAsync(fields, id.Id, user.Key?.Identity, cancellationToken) is { } invitation)
            view["invitation"] = JsonSerializer.SerializeToNode(invitation, KeyJson.Default.InvitationView);
        return TypedResults.Json(view, AccountJson.Default.JsonObject);
    }

    private static JsonObject Show(NewUser user, KeyRequest? key)
    {
        var view = Request.Show(user.Row!, UserContracts.IdField);
        if (user.Key?.Identity is not { } made) return view;

        view["key"] = key!.Key;
        view["token"] = made.Hash.ToString();
        view["key_name"] = made.Name;
        view["expires"] = made.ExpiresAt is { } expiry ? JsonValue.Create(expiry) : null;
        return view;
    }

    private static async Task<IResult> UpdateAsync(HttpContext context, UserUpdates updates, CancellationToken cancellationToken)
    {
        var (fields, malformed) = await JsonBody.ReadAsync(context.Request, cancellationToken);
        if (malformed is not null) return new ErrorResult(malformed);

        var (row, error) = await updates.UpdateAsync(fields!, context.ManagementCaller, cancellationToken);
        return error is not null
            ? new ErrorResult(error)
            : TypedResults.Json(new JsonObject { ["user_id"] = row!.Id, ["data"] = Request.Show(row, UserContracts.IdField) }, AccountJson.Default.JsonObject);
    }

    private static async Task<IResult> DeleteAsync(HttpContext context, UserChanges changes, CancellationToken cancellationToken)
    {
        var (fields, malformed) = await JsonBody.ReadAsync(context.Request, cancellationToken);
        if (malformed is not null) return new ErrorResult(malformed);

        var ids = fields!.TextList("user_ids") ?? [];
        if (ids.Count == 0 && fields.Error is null) fields.Fault("user_ids", "'user_ids' must name at least one.");
        if (fields.Error is { } fault) return new ErrorResult(fault);

        string[] users = [.. ids.Distinct(StringComparer.Ordinal)];
        return await changes.DeleteAsync(users, context.ManagementCaller, cancellationToken) is { } missing
            ? new ErrorResult(AccountErrors.Unknown(UserContracts.IdField, missing))
            : TypedResults.Json(users.Length, AccountJson.Default.Int32);
    }

    private static async Task<IResult> ShowAsync(
        HttpContext context, AccountStore store, UserFacts facts, KeyStore keys, BudgetResets resets, CancellationToken cancellationToken)
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
        var view = (await facts.ShowAsync([row], cancellationToken))[0];
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
