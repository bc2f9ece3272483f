using FluentAssertions;
using Microsoft.Extensions.Logging.Abstractions;
using Proxy.Management.Access;
using Proxy.Management.Alerts;
using Proxy.Management.Budgets;
using Proxy.Management.Errors;
using Proxy.Management.Keys;
using Proxy.Management.Storage;

namespace Proxy.Tests.Budgets;

/// <summary>A cashier with accounts that have no rows; their period never ends.</summary>
internal sealed class TestTill
{
    private readonly Cashier _cashier;

    /// <param name="clock">A clock for the cashier, made of the test's and of the lock of all accounts; null for the test's own.</param>
    public TestTill(Func<TimeProvider, Lock, TimeProvider>? clock = null)
    {
        var ring = new AccountRing(new AccountStore(new Database("sqlite:never-opened.db")));
        _cashier = new Cashier(
            ring,
            new BudgetResets(ring, null!, null!, new BudgetCalendar(), Time, NullLogger<BudgetResets>.Instance),
            new BudgetAlerts(null!, null!, null!, null!, Time, NullLogger<BudgetAlerts>.Instance),
            clock?.Invoke(Time, ring.Gate) ?? Time);
    }

    public ManualTimeProvider Time { get; } = new();

    public static Account Open(AccountKind kind, AccountTerms terms, decimal spent = 0) => new(new AccountId(kind, "x"), terms, Money.ToPico(spent));

    public (Reservation? Reservation, ProxyError? Error) Admit(decimal cost, long tokens, params Account[] accounts) =>
        Admit(cost, tokens, isPart: false, accounts);

    /// <inheritdoc cref="CallEstimate.IsPart"/>
    public (Reservation? Reservation, ProxyError? Error) Admit(decimal cost, long tokens, bool isPart, params Account[] accounts)
    {
        var reservation = Prepare(cost, tokens, accounts, isPart);
        return _cashier.TryTake(reservation, out var denial, out _) ? (reservation, null) : (null, Refusals.Of(denial, Time.GetUtcNow()));
    }

    /// <summary>An admission that waits for what others hold.</summary>
    public Task<(Reservation? Reservation, ProxyError? Error)> AdmitAsync(decimal cost, params Account[] accounts) =>
        _cashier.AdmitAsync(Prepare(cost, 0, accounts), patience: null, CancellationToken.None).AsTask();

    /// <summary>An admission that must succeed.</summary>
    public Reservation Take(decimal cost, long tokens, params Account[] accounts)
    {
        var (reservation, error) = Admit(cost, tokens, accounts);
        error.Should().BeNull();
        return reservation!;
    }

    private Reservation Prepare(decimal cost, long tokens, Account[] accounts, bool isPart = false)
    {
        var reservation = new Reservation(_cashier, Money.ToPico(cost), tokens) { IsPart = isPart };
        foreach (var account in accounts) reservation.Add(account);
        return reservation;
    }

    /// <summary>A caller whose key has these accounts for single models, and no others.</summary>
    public static Caller CallerOf(params (string Model, Account Account)[] models) => new KeyState(
        new KeyIdentity { Hash = default, Name = "key", Models = [], CreatedAt = default, UpdatedAt = default },
        new KeyLinks(Open(AccountKind.Key, AccountTerms.None), new ModelAccounts(models.ToDictionary(entry => entry.Model, entry => entry.Account)), null, null, null, null)).Caller;
}
