using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.Logging.Abstractions;
using Proxy.Management.Access;
using Proxy.Management.Alerts;
using Proxy.Management.Budgets;
using Proxy.Management.Keys;
using Proxy.Management.Storage;
using Proxy.Management.Teams;

namespace Proxy.Benchmarks;

/// <summary>Admission and settlement of a call with a budget and every limit on every scope. The goal: under 3 µs and 300 bytes.</summary>
[MemoryDiagnoser]
public class AdmissionBenchmark
{
    private const string Model = "gpt-4o";

    private static readonly string[] Models = [Model];

    private static readonly AccountTerms Terms = new()
    {
        MaxBudget = 1_000_000,
        SoftBudget = 900_000,
        BudgetDuration = "1mo",
        BudgetResetAt = DateTimeOffset.MaxValue,
        MaxParallelRequests = 1_000_000,
        RpmLimit = 1_000_000_000_000,
        TpmLimit = 1_000_000_000_000,
    };

    private static readonly string[] Tags = ["production", "search"];

    private readonly Cashier _cashier;
    private readonly Caller _caller;

    public AdmissionBenchmark()
    {
        var ring = new AccountRing(new AccountStore(new Database("sqlite:never-opened.db")));
        var resets = new BudgetResets(ring, null!, null!, new BudgetCalendar(), TimeProvider.System, NullLogger<BudgetResets>.Instance);
        var alerts = new BudgetAlerts(null!, null!, null!, null!, TimeProvider.System, NullLogger<BudgetAlerts>.Instance);
        _cashier = new Cashier(ring, resets, alerts, TimeProvider.System);
        _caller = CallerIn(ring);

        ring.Proxy.Apply(Terms);
        Account(ring, AccountKind.Customer, "customer");
        foreach (var tag in Tags) Account(ring, AccountKind.Tag, tag);
    }

    [Benchmark]
    public bool AdmitAndSettle()
    {
        var (reservation, _) = _cashier.ReserveAsync(_caller, new CallEstimate(Models, 0.000001m, 1000, "customer", Tags), default).Result;
        reservation!.Settle(900_000, 900);
        return true;
    }

    private static Caller CallerIn(AccountRing ring)
    {
        var team = new TeamState(
            new TeamIdentity { TeamId = "team", Models = [], CreatedAt = default, UpdatedAt = default },
            new TeamLinks(
                Account(ring, AccountKind.Team, "team"), AccountOf(Account(ring, AccountKind.TeamModel, "team")), Account(ring, AccountKind.Organization, "org")));
        var links = new KeyLinks(
            Account(ring, AccountKind.Key, "key"),
            AccountOf(Account(ring, AccountKind.KeyModel, "key")),
            team,
            Account(ring, AccountKind.User, "user"),
            Account(ring, AccountKind.Member, "member"),
            Organization: null)
        {
            OrganizationMember = Account(ring, AccountKind.OrganizationMember, "member of org"),
        };
        return new KeyState(new KeyIdentity { Hash = default, Name = "key", Models = [], CreatedAt = default, UpdatedAt = default }, links).Caller;
    }

    private static ModelAccounts AccountOf(Account account) => new(new Dictionary<string, Account>(StringComparer.Ordinal) { [Model] = account });

    private static Account Account(AccountRing ring, AccountKind kind, string id) =>
        ring.Hold(new AccountId(kind, id), () => new Account(new AccountId(kind, id), Terms, spentPicos: 0));
}
