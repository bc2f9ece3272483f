namespace Proxy.Management.Budgets;

/// <summary>What is left of a budget at a moment.</summary>
/// <param name="MaxBudget">Dollars in a period.</param>
/// <param name="Remaining">Dollars that are not spent; never less than nothing.</param>
/// <param name="UntilReset">Null for a budget that never begins anew.</param>
public readonly record struct BudgetStanding(decimal MaxBudget, decimal Remaining, TimeSpan? UntilReset)
{
    /// <returns>Null for an account without a budget.</returns>
    internal static BudgetStanding? Of(Account account, DateTimeOffset now) => account.Terms.MaxBudgetPicosAt(now) is not { } most ? null : new BudgetStanding(
        Storage.Money.FromPico(most), Math.Max(0, Storage.Money.FromPico(most) - account.Spend), account.ResetAt is { } reset ? reset - now : null);
}
