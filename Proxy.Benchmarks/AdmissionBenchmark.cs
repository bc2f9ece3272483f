using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.Logging.Abstractions;
using Proxy.Management.Alerts;
using Proxy.Management.Budgets;
using Proxy.Management.Storage;

namespace Proxy.Benchmarks;

/// <summary>Admission and settlement of a call with a budget and every limit on every scope. The goal: under 3 µs and 300 bytes.</summary>
[MemoryDiagnoser]
public class AdmissionBenchmark
{
    private static readonly AccountKind[] Scopes =
    [
        AccountKind.Proxy, AccountKind.Key, AccountKind.KeyModel, AccountKind.User, AccountKind.Member, AccountKind.Team,
        AccountKind.TeamModel, AccountKind.Organization, AccountKind.Customer, AccountKind.Tag, AccountKind.Tag,
    ];

    private readonly Account[] _accounts = [.. Scopes.Select((scope, index) => new Account(
        new AccountId(scope, $"id-{index}"),
        new AccountTerms
        {
            MaxBudget = 1_000_000,
            SoftBudget = 900_000,
            BudgetDuration = "1mo",
            BudgetResetAt = DateTimeOffset.MaxValue,
            MaxParallelRequests = 1_000_000,
            RpmLimit = 1_000_000_000_000,
            TpmLimit = 1_000_000_000_000,
        },
        spentPicos: 0))];

    private readonly Cashier _cashier;

    public AdmissionBenchmark()
    {
        var ring = new AccountRing(new AccountStore(new Database("sqlite:never-opened.db")));
        var resets = new BudgetResets(ring, null!, null!, new BudgetCalendar(), TimeProvider.System, NullLogger<BudgetResets>.Instance);
        var alerts = new BudgetAlerts(null!, null!, TimeProvider.System, NullLogger<BudgetAlerts>.Instance);
        _cashier = new Cashier(ring, resets, alerts, TimeProvider.System);
    }

    [Benchmark]
    public bool AdmitAndSettle()
    {
        var reservation = new Reservation(_cashier, 1_000_000, 1000);
        foreach (var account in _accounts) reservation.Add(account);

        var (admitted, _) = _cashier.Admit(reservation);
        admitted!.Settle(900_000, 900);
        return true;
    }
}
