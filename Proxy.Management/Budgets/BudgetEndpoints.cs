using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Proxy.Management.Access;
using Proxy.Management.Bodies;
using Proxy.Management.Errors;
using Proxy.Management.Storage;

namespace Proxy.Management.Budgets;

/// <summary>The endpoints of budgets that accounts share.</summary>
internal static class BudgetEndpoints
{
    private static readonly DetailField[] Details = [new("model_max_budget", DetailShape.Object)];

    public static void MapBudgetEndpoints(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/budget/new", AccessRule.Admin, CreateAsync);
        routes.MapPost("/budget/update", AccessRule.Admin, UpdateAsync);
        routes.MapPost("/budget/info", AccessRule.AdminOrViewer, ShowAsync);
        routes.MapGet("/budget/list", AccessRule.AdminOrViewer, ListAsync);
        routes.MapPost("/budget/delete", AccessRule.Admin, DeleteAsync);
    }

    private static Task<IResult> CreateAsync(HttpContext context, SharedBudgetChanges changes, TimeProvider time, CancellationToken cancellationToken) =>
        SaveAsync(context, changes, time, isNew: true, cancellationToken);

    private static Task<IResult> UpdateAsync(HttpContext context, SharedBudgetChanges changes, TimeProvider time, CancellationToken cancellationToken) =>
        SaveAsync(context, changes, time, isNew: false, cancellationToken);

    private static async Task<IResult> SaveAsync(
        HttpContext context, SharedBudgetChanges changes, TimeProvider time, bool isNew, CancellationToken cancellationToken)
    {
        var (fields, malformed) = await JsonBody.ReadAsync(context.Request, cancellationToken);
        if (malformed is not null) return new ErrorResult(malformed);

        var (now, by) = (time.GetUtcNow(), context.ManagementCaller.UserId);
        var budgetId = isNew ? fields!.Text("budget_id") ?? Guid.NewGuid().ToString() : fields!.RequiredText("budget_id");
        SharedBudget Change(SharedBudget old) => Apply(fields, old, now, by);
        Change(new SharedBudget { BudgetId = "" });
        if (fields.Error is { } fault) return new ErrorResult(fault);

        var (budget, error) = await changes.SaveAsync(budgetId!, isNew, Change, cancellationToken);
        return error is null ? TypedResults.Json(Show(budget!), AccountJson.Default.JsonObject) : new ErrorResult(error);
    }

    private static async Task<IResult> ShowAsync(HttpContext context, SharedBudgetStore store, CancellationToken cancellationToken)
    {
        var (fields, malformed) = await JsonBody.ReadAsync(context.Request, cancellationToken);
        if (malformed is not null) return new ErrorResult(malformed);

        var ids = fields!.TextList("budgets") ?? [];
        if (fields.Error is { } fault) return new ErrorResult(fault);

        return Show((await store.ListAsync(cancellationToken)).Where(budget => ids.Contains(budget.BudgetId)));
    }

    private static async Task<IResult> ListAsync(SharedBudgetStore store, CancellationToken cancellationToken) =>
        Show(await store.ListAsync(cancellationToken));

    private static async Task<IResult> DeleteAsync(HttpContext context, SharedBudgetChanges changes, CancellationToken cancellationToken)
    {
        var (fields, malformed) = await JsonBody.ReadAsync(context.Request, cancellationToken);
        if (malformed is not null) return new ErrorResult(malformed);

        var id = fields!.RequiredText("id");
        if (fields.Error is { } fault) return new ErrorResult(fault);

        return await changes.DeleteAsync(id!, cancellationToken)
            ? TypedResults.Json(new JsonObject { ["budget_id"] = id }, AccountJson.Default.JsonObject)
            : new ErrorResult(AccountErrors.Unknown("budget_id", id!));
    }

    private static SharedBudget Apply(FieldReader fields, SharedBudget budget, DateTimeOffset now, string? by)
    {
        fields.MomentAfter("budget_duration", now);
        return budget with
        {
            Details = DetailField.Update(fields, Details, budget.Details),
            MaxBudget = fields.Stated("max_budget", budget.MaxBudget, name => Columns.FromDollars(fields.Dollars(name))),
            SoftBudget = fields.Stated("soft_budget", budget.SoftBudget, name => Columns.FromDollars(fields.Dollars(name))),
            BudgetDuration = fields.Stated("budget_duration", budget.BudgetDuration, name => fields.Text(name)),
            MaxParallelRequests = fields.Stated("max_parallel_requests", budget.MaxParallelRequests, fields.Count),
            TpmLimit = fields.Stated("tpm_limit", budget.TpmLimit, fields.Count),
            RpmLimit = fields.Stated("rpm_limit", budget.RpmLimit, fields.Count),
            UpdatedAt = now.ToUnixTimeMilliseconds(),
            CreatedBy = budget.CreatedBy ?? by,
            UpdatedBy = by,
        };
    }

    private static JsonHttpResult<JsonArray> Show(IEnumerable<SharedBudget> budgets) =>
        TypedResults.Json(new JsonArray([.. budgets.Select(Show)]), AccountJson.Default.JsonArray);

    public static JsonObject Show(SharedBudget budget)
    {
        var view = JsonNode.Parse(budget.Details)!.AsObject();
        view["budget_id"] = budget.BudgetId;
        view["max_budget"] = Columns.ToDollars(budget.MaxBudget);
        view["soft_budget"] = Columns.ToDollars(budget.SoftBudget);
        view["budget_duration"] = budget.BudgetDuration;
        view["max_parallel_requests"] = budget.MaxParallelRequests;
        view["tpm_limit"] = budget.TpmLimit;
        view["rpm_limit"] = budget.RpmLimit;
        view["created_at"] = JsonValue.Create(Columns.ToMoment(budget.CreatedAt));
        view["updated_at"] = JsonValue.Create(Columns.ToMoment(budget.UpdatedAt));
        return view;
    }
}
