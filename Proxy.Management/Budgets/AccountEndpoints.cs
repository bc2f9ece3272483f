using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Proxy.Management.Access;
using Proxy.Management.Bodies;
using Proxy.Management.Errors;
using Proxy.Management.Storage;

namespace Proxy.Management.Budgets;

/// <summary>Make, change and show accounts of one kind; customers, organisations and tags differ in their words only.</summary>
internal sealed class AccountEndpoints(AccountKind kind, string idField, AccountRequest request)
{
    private const int MaxListed = 1000;

    public async Task<IResult> CreateAsync(
        HttpContext context, AccountChanges changes, BudgetCalendar calendar, TimeProvider time, CancellationToken cancellationToken) =>
        await SaveAsync(context, changes, calendar, time, isNew: true, cancellationToken);

    public async Task<IResult> UpdateAsync(
        HttpContext context, AccountChanges changes, BudgetCalendar calendar, TimeProvider time, CancellationToken cancellationToken) =>
        await SaveAsync(context, changes, calendar, time, isNew: false, cancellationToken);

    public async Task<IResult> ShowAsync(AccountStore store, BudgetResets resets, string? id, CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(id)) return new ErrorResult(AccountErrors.NoId(idField));

        var row = await FindAsync(store, resets, id, cancellationToken);
        return row is null ? new ErrorResult(AccountErrors.Unknown(idField, id)) : Show(request.Show(row, idField));
    }

    /// <summary>An endpoint that shows several, by the list in a field of the body.</summary>
    public Delegate ShowManyAsync(string listField) => async (
        HttpContext context, AccountStore store, BudgetResets resets, CancellationToken cancellationToken) =>
    {
        var (fields, malformed) = await JsonBody.ReadAsync(context.Request, cancellationToken);
        if (malformed is not null) return new ErrorResult(malformed);

        var ids = fields!.TextList(listField) ?? [];
        if (fields.Error is { } fault) return new ErrorResult(fault);

        var shown = new JsonObject();
        foreach (var id in ids)
        {
            if (await FindAsync(store, resets, id, cancellationToken) is { } row) shown[id] = request.Show(row, idField);
        }

        return (IResult)Show(shown);
    };

    /// <summary>An endpoint that deletes several, all or none, by the list in a field of the body.</summary>
    /// <param name="listField">The field with their ids.</param>
    /// <param name="answerField">The field of the answer with how many they were.</param>
    public Delegate DeleteAsync(string listField, string answerField) => async (
        HttpContext context, AccountDeletion deletion, CancellationToken cancellationToken) =>
    {
        var (ids, fault) = await ReadIdsAsync(context, listField, cancellationToken);
        if (fault is not null) return new ErrorResult(fault);

        return await deletion.DeleteAsync([.. ids.Select(id => new AccountId(kind, id))], cancellationToken) is { } missing
            ? new ErrorResult(AccountErrors.Unknown(idField, missing.Id))
            : (IResult)Show(new JsonObject { [answerField] = ids.Count, ["message"] = $"Deleted {ids.Count} by {idField}." });
    };

    /// <summary>An endpoint that has the calls of several refused, or takes that back. One of which nobody heard yet is made.</summary>
    public Delegate SetBlockedAsync(string listField, bool isBlocked) => async (
        HttpContext context, AccountChanges changes, TimeProvider time, CancellationToken cancellationToken) =>
    {
        var (ids, fault) = await ReadIdsAsync(context, listField, cancellationToken);
        if (fault is not null) return new ErrorResult(fault);

        var (now, by, rows) = (time.GetUtcNow(), context.ManagementCaller.UserId, new JsonArray());
        foreach (var id in ids)
        {
            var account = new AccountId(kind, id);
            var change = await changes.SaveAsync(
                account,
                row => new((row ?? AccountRequest.New(account, now, by)) with { IsBlocked = isBlocked ? 1 : 0, UpdatedAt = now.ToUnixTimeMilliseconds(), UpdatedBy = by }, null),
                cancellationToken);
            rows.Add((JsonNode)request.Show(change.Row!, idField));
        }

        return (IResult)Show(new JsonObject { ["blocked_users"] = rows });
    };

    public async Task<IResult> ListAsync(AccountStore store, CancellationToken cancellationToken)
    {
        var rows = await store.ListAsync(kind, MaxListed, cancellationToken);
        return TypedResults.Json(new JsonArray([.. rows.Select(row => request.Show(row, idField))]), AccountJson.Default.JsonArray);
    }

    private static async Task<(IReadOnlyList<string> Ids, ProxyError? Error)> ReadIdsAsync(
        HttpContext context, string listField, CancellationToken cancellationToken)
    {
        var (fields, malformed) = await JsonBody.ReadAsync(context.Request, cancellationToken);
        if (malformed is not null) return ([], malformed);

        var ids = fields!.TextList(listField) ?? [];
        if (ids.Count == 0 && fields.Error is null) fields.Fault(listField, $"'{listField}' must name at least one.");
        if (ids.Any(id => id.Length == 0)) fields.FaultInValue(listField, $"'{listField}' must not hold an empty id.");
        return ([.. ids.Distinct(StringComparer.Ordinal)], fields.Error);
    }

    /// <summary>The row, reset if its period is over.</summary>
    public async Task<AccountRow?> FindAsync(AccountStore store, BudgetResets resets, string id, CancellationToken cancellationToken)
    {
        var account = new AccountId(kind, id);
        var row = await store.FindAsync(account, cancellationToken);
        return await resets.TryResetAsync(Columns.ToMoment(row?.BudgetResetAt), cancellationToken)
            ? await store.FindAsync(account, cancellationToken)
            : row;
    }

    private async Task<IResult> SaveAsync(
        HttpContext context, AccountChanges changes, BudgetCalendar calendar, TimeProvider time, bool isNew, CancellationToken cancellationToken)
    {
        var (fields, malformed) = await JsonBody.ReadAsync(context.Request, cancellationToken);
        if (malformed is not null) return new ErrorResult(malformed);

        var (now, by) = (time.GetUtcNow(), context.ManagementCaller.UserId);
        var id = isNew && kind == AccountKind.Organization ? fields!.Text(idField) ?? Guid.NewGuid().ToString() : fields!.RequiredText(idField);
        AccountRow Apply(AccountRow row) => request.Apply(fields, row, calendar, now, by);
        Apply(AccountRequest.New(default, now, by));
        if (fields.Error is { } fault) return new ErrorResult(fault);

        var account = new AccountId(kind, id!);
        var change = await changes.SaveAsync(account, row => Changed(account, row), cancellationToken);
        return change.Error is { } error ? new ErrorResult(error) : Show(request.Show(change.Row!, idField));

        // Calls make a row too, with nothing but what was spent; that one is not made yet.
        AccountChange Changed(AccountId which, AccountRow? row) =>
            isNew && row is { UpdatedBy: not null } ? new(null, AccountErrors.Exists(idField, which.Id))
            : !isNew && row is null ? new(null, AccountErrors.Unknown(idField, which.Id))
            : new(Apply(row ?? AccountRequest.New(which, now, by)), null);
    }

    private static JsonHttpResult<JsonObject> Show(JsonObject view) => TypedResults.Json(view, AccountJson.Default.JsonObject);
}

/// <summary>The refusals of the endpoints of accounts.</summary>
internal static class AccountErrors
{
    public static ProxyError NoId(string field) => new(422, ProxyError.InvalidRequest, $"'{field}' is required.", field);

    public static ProxyError Unknown(string field, string id) => ProxyError.NotFound($"There is no {field} '{id}'.", field);

    public static ProxyError Exists(string field, string id) => ProxyError.BadRequest($"The {field} '{id}' exists already.", field);
}

[JsonSerializable(typeof(JsonObject))]
[JsonSerializable(typeof(JsonArray))]
[JsonSerializable(typeof(int))]
internal sealed partial class AccountJson : JsonSerializerContext;
