using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Proxy.Management.Access;
using Proxy.Management.Bodies;
using Proxy.Management.Budgets;
using Proxy.Management.Errors;

namespace Proxy.Management.Users;

/// <summary>Updates of users: of one, and of many in one call, each by itself and each with its own answer.</summary>
internal sealed class UserUpdates(UserChanges changes, AccountStore store, BudgetCalendar calendar, TimeProvider time)
{
    private const int MaxUsers = 500;

    public static void MapUserBulkUpdate(IEndpointRouteBuilder routes) => routes.MapPost("/user/bulk_update", AccessRule.Admin, UpdateManyAsync);

    /// <summary>The user is named by their id, or by their address of mail alone.</summary>
    public async Task<AccountChange> UpdateAsync(FieldReader fields, Caller caller, CancellationToken cancellationToken)
    {
        var (now, by) = (time.GetUtcNow(), caller.UserId);
        var (userId, email) = (fields.Text(UserContracts.IdField), fields.Text(UserRows.EmailField));
        var teams = AskedTeam.ReadAll(fields);
        AccountRow Apply(AccountRow row) => UserTeams.WithIds(UserContracts.Request.Apply(fields, row, calendar, now, by), teams);
        Apply(AccountRequest.New(default, now, by));
        UserContracts.CheckRole(fields);
        if (userId is null && email is null) fields.Fault(UserContracts.IdField, $"'{UserContracts.IdField}' is required, or '{UserRows.EmailField}'.");
        if (fields.Error is { } fault) return new AccountChange(null, fault);

        userId ??= await store.FindUserByEmailAsync(email!, cancellationToken);
        var id = new AccountId(AccountKind.User, userId ?? email!);
        if (userId is null) return new AccountChange(null, AccountErrors.Unknown(UserContracts.IdField, email!));

        return await changes.UpdateAsync(new UserEdit(id, Apply, teams, fields.TextList(UserOrganizations.Field) ?? []), caller, cancellationToken);
    }

    private static async Task<IResult> UpdateManyAsync(HttpContext context, UserUpdates updates, AccountStore store, CancellationToken cancellationToken)
    {
        var (fields, malformed) = await JsonBody.ReadAsync(context.Request, cancellationToken);
        if (malformed is not null) return new ErrorResult(malformed);

        var isAll = fields!.Flag("all_users") == true;
        var (users, shared) = (fields.List("users"), fields.Object("user_updates"));
        if (isAll && shared is null) fields.Fault("user_updates", "'user_updates' is required where all users are meant.");
        if (!isAll && users?.GetArrayLength() is null or 0 or > MaxUsers) fields.Fault("users", $"'users' must name 1 to {MaxUsers} users.");
        if (fields.Error is { } fault) return new ErrorResult(fault);

        var items = isAll ? await OfAllAsync(store, shared!.Value, cancellationToken) : [.. users!.Value.EnumerateArray()];
        var results = new JsonArray();
        foreach (var item in items) results.Add((JsonNode)await updates.UpdateOneAsync(item, context.ManagementCaller, cancellationToken));

        var good = results.Count(result => result!["success"]!.GetValue<bool>());
        return TypedResults.Json(
            new JsonObject { ["results"] = results, ["total_requested"] = results.Count, ["successful_updates"] = good, ["failed_updates"] = results.Count - good },
            AccountJson.Default.JsonObject);
    }

    private static async Task<IReadOnlyList<JsonElement>> OfAllAsync(AccountStore store, JsonElement shared, CancellationToken cancellationToken)
    {
        var items = new List<JsonElement>();
        long total;
        do
        {
            (var rows, total) = await store.ListUsersAsync(null, null, MaxUsers, items.Count, cancellationToken);
            if (rows.Count == 0) break;

            items.AddRange(rows.Select(row =>
            {
                var body = JsonObject.Create(shared)!;
                body[UserContracts.IdField] = row.Id;
                return JsonSerializer.SerializeToElement(body, AccountJson.Default.JsonObject);
            }));
        }
        while (items.Count < total);
        return items;
    }

    private async Task<JsonObject> UpdateOneAsync(JsonElement item, Caller caller, CancellationToken cancellationToken)
    {
        if (item.ValueKind != JsonValueKind.Object) return Result(null, null, "Each of 'users' must be an object.");

        var fields = new FieldReader(item);
        var change = await UpdateAsync(fields, caller, cancellationToken);
        return Result(fields.Text(UserContracts.IdField), change.Row, change.Error?.Message);
    }

    private static JsonObject Result(string? userId, AccountRow? row, string? error) => new()
    {
        ["user_id"] = row?.Id ?? userId,
        ["success"] = error is null,
        ["error"] = error,
        ["updated_user"] = row is null ? null : UserContracts.Request.Show(row, UserContracts.IdField),
    };
}
