using Proxy.Management.Bodies;
using Proxy.Management.Budgets;

namespace Proxy.Management.ApiDescription;

/// <summary>Fields that many bodies have.</summary>
internal static class SharedFields
{
    /// <summary>What <see cref="LimitSettings"/> reads.</summary>
    public static readonly DetailField[] LimitFields =
    [
        new("max_budget", DetailShape.Dollars),
        new("soft_budget", DetailShape.Dollars),
        new("budget_duration", DetailShape.Duration),
        new("max_parallel_requests", DetailShape.Count),
        new("tpm_limit", DetailShape.Count),
        new("rpm_limit", DetailShape.Count),
    ];

    public static DetailField Text(string name) => new(name, DetailShape.Text);

    public static DetailField TextList(string name) => new(name, DetailShape.TextList);

    /// <summary>What <see cref="AccountRequest"/> reads.</summary>
    public static IEnumerable<DetailField> Of(AccountRequest request) =>
    [
        .. LimitFields.Where(limit => limit.Name != "max_budget"),
        .. request.Details,
        new(request.AliasField, DetailShape.Text),
        new(request.BudgetField, DetailShape.Dollars),
        new("budget_id", DetailShape.Text),
        new("blocked", DetailShape.Flag),
    ];
}
