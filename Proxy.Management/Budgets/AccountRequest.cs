using System.Text.Json.Nodes;
using Proxy.Management.Bodies;
using Proxy.Management.Storage;

namespace Proxy.Management.Budgets;

/// <summary>A body that makes or changes an account: what is stated applies, null clears, what is absent stays.</summary>
/// <param name="AliasField">The name of the field with the alias.</param>
/// <param name="BudgetField">The name of the field with the budget.</param>
/// <param name="Details">The fields that are kept but not read.</param>
internal sealed record AccountRequest(string AliasField, string BudgetField, DetailField[] Details)
{
    /// <summary>A row that nobody has written yet.</summary>
    public static AccountRow New(AccountId id, DateTimeOffset now, string? by) => new()
    {
        Kind = id.Scope,
        Id = id.Id,
        CreatedAt = now.ToUnixTimeMilliseconds(),
        CreatedBy = by,
    };

    /// <summary>Faults are left with the reader; look at them before the row is written.</summary>
    public AccountRow Apply(FieldReader fields, AccountRow row, BudgetCalendar calendar, DateTimeOffset now, string? by) => row with
    {
        Alias = fields.Stated(AliasField, row.Alias, name => fields.Text(name)),
        Details = DetailField.Update(fields, Details, row.Details),
        BudgetId = fields.Stated("budget_id", row.BudgetId, name => fields.Text(name)),
        IsBlocked = fields.Stated("blocked", row.IsBlocked, name => fields.Flag(name) == true ? 1 : 0),
        MaxBudget = fields.Stated(BudgetField, row.MaxBudget, name => Columns.FromDollars(fields.Dollars(name))),
        SoftBudget = fields.Stated("soft_budget", row.SoftBudget, name => Columns.FromDollars(fields.Dollars(name))),
        BudgetDuration = fields.Stated("budget_duration", row.BudgetDuration, name => fields.Text(name)),
        BudgetResetAt = fields.Stated("budget_duration", row.BudgetResetAt, name => fields.ResetAfter(name, now, calendar)?.ToUnixTimeMilliseconds()),
        MaxParallelRequests = fields.Stated("max_parallel_requests", row.MaxParallelRequests, fields.Count),
        TpmLimit = fields.Stated("tpm_limit", row.TpmLimit, fields.Count),
        RpmLimit = fields.Stated("rpm_limit", row.RpmLimit, fields.Count),
        UpdatedAt = now.ToUnixTimeMilliseconds(),
        UpdatedBy = by,
    };

    /// <summary>The account as answers show it.</summary>
    /// <param name="idField">The name of the field with the id.</param>
    public JsonObject Show(AccountRow row, string idField)
    {
        var view = JsonNode.Parse(row.Details)!.AsObject();
        view[idField] = row.Id;
        view[AliasField] = row.Alias;
        view["blocked"] = row.IsBlocked != 0;
        view["spend"] = Money.FromPico(row.Spend);
        view["budget_id"] = row.BudgetId;
        view[BudgetField] = Columns.ToDollars(row.MaxBudget);
        AddTerms(view, row.ToTerms());
        view["litellm_budget_table"] = row.BudgetId is null ? null : Table(row);
        view["created_at"] = JsonValue.Create(Columns.ToMoment(row.CreatedAt));
        view["updated_at"] = JsonValue.Create(Columns.ToMoment(row.UpdatedAt));
        view["created_by"] = row.CreatedBy;
        view["updated_by"] = row.UpdatedBy;
        return view;
    }

    public static void AddTerms(JsonObject view, AccountTerms terms)
    {
        view["max_budget"] = terms.MaxBudget;
        view["soft_budget"] = terms.SoftBudget;
        view["budget_duration"] = terms.BudgetDuration;
        view["budget_reset_at"] = terms.BudgetResetAt is { } at ? JsonValue.Create(at) : null;
        view["max_parallel_requests"] = terms.MaxParallelRequests;
        view["tpm_limit"] = terms.TpmLimit;
        view["rpm_limit"] = terms.RpmLimit;
    }

    private static JsonObject Table(AccountRow row)
    {
        var table = new JsonObject { ["budget_id"] = row.BudgetId };
        AddTerms(table, row.ToTerms());
        return table;
    }
}
