using FluentAssertions;
using NUnit.Framework;
using Proxy.Management.Budgets;
using Proxy.Management.Errors;

namespace Proxy.Tests.Budgets;

/// <summary>Reserve, settle, release: on the clock of the test and without a database.</summary>
[TestFixture]
internal sealed class CashierTests
{
    private readonly TestTill _till = new();

    [Test]
    public void A_budget_for_exactly_ten_calls_lets_ten_in_at_once()
    {
        var key = TestTill.Open(AccountKind.Key, new AccountTerms { MaxBudget = 1 });

        var results = Enumerable.Range(0, 100).AsParallel().WithDegreeOfParallelism(8).Select(_ => _till.Admit(0.1m, 0, key)).ToList();

        results.Count(result => result.Reservation is not null).Should().Be(10);
        results.Where(result => result.Error is not null).Should().OnlyContain(result => result.Error!.Type == "budget_exceeded" && result.Error.Status == 400);
        foreach (var (reservation, _) in results) reservation?.Settle(100_000_000_000, 0);
        (key.Spend, key.ReservedPicos, key.Holds).Should().Be((1m, 0, 0));
        _till.Admit(0, 0, key).Error.Should().NotBeNull();
    }

    [Test]
    public void What_was_held_too_much_is_free_again_when_the_call_ends()
    {
        var key = TestTill.Open(AccountKind.Key, new AccountTerms { MaxBudget = 1 });
        var first = _till.Take(1, 0, key);
        _till.Admit(1, 0, key).Error.Should().NotBeNull();

        first.Settle(1, 0);

        _till.Take(1, 0, key);
        key.SpentPicos.Should().Be(1);
    }

    [Test]
    public void A_reservation_ends_once()
    {
        var key = TestTill.Open(AccountKind.Key, new AccountTerms { MaxBudget = 1, MaxParallelRequests = 1 });
        var reservation = _till.Take(0.5m, 0, key);

        reservation.Settle(7, 0);
        reservation.Release();
        reservation.Settle(7, 0);

        (key.SpentPicos, key.ReservedPicos, key.Holds).Should().Be((7, 0, 0));
    }

    [Test]
    public void One_denied_scope_takes_nothing_from_the_others()
    {
        var team = TestTill.Open(AccountKind.Team, new AccountTerms { RpmLimit = 5, TpmLimit = 100, MaxParallelRequests = 5, MaxBudget = 1 });
        var user = TestTill.Open(AccountKind.User, new AccountTerms { RpmLimit = 0 });

        _till.Admit(0.5m, 50, team, user).Error!.Status.Should().Be(429);

        var next = _till.Take(0.5m, 50, team);
        (team.Holds, team.ReservedPicos, next.Requests.Remaining, next.TokenRate.Remaining).Should().Be((1, 500_000_000_000, 4, 50));
    }

    [TestCase(AccountKind.Key, "Budget has been exceeded! Current cost: 0.5, Max budget: 0.5")]
    [TestCase(AccountKind.Team, "Budget has been exceeded! Team=x Current cost: 0.5, Max budget: 0.5")]
    [TestCase(AccountKind.Organization, "Budget has been exceeded! Organization=x Current cost: 0.5, Max budget: 0.5")]
    [TestCase(AccountKind.Tag, "Budget has been exceeded! Tag=x Current cost: 0.5, Max budget: 0.5")]
    [TestCase(AccountKind.Member, "Budget has been exceeded! Team member=x Current cost: 0.5, Max budget: 0.5")]
    [TestCase(AccountKind.KeyModel, "Budget has been exceeded! Model of key=x Current cost: 0.5, Max budget: 0.5")]
    [TestCase(AccountKind.TeamModel, "Budget has been exceeded! Model of team=x Current cost: 0.5, Max budget: 0.5")]
    [TestCase(AccountKind.Proxy, "Budget has been exceeded! Current cost: 0.5, Max budget: 0.5")]
    [TestCase(AccountKind.User, "ExceededBudget: User=x over budget. Spend=0.5, Budget=0.5")]
    [TestCase(AccountKind.Customer, "ExceededBudget: End User=x over budget. Spend=0.5, Budget=0.5")]
    public void A_budget_refusal_names_scope_id_spend_limit_and_reset(AccountKind kind, string message)
    {
        var reset = _till.Time.GetUtcNow() + TimeSpan.FromHours(12);
        var account = TestTill.Open(kind, new AccountTerms { MaxBudget = 0.5m, BudgetDuration = "1d", BudgetResetAt = reset }, spent: 0.5m);

        var error = _till.Admit(0, 0, account).Error!;

        error.Message.Should().StartWith(message).And.EndWith("It resets at 2026-11-22 00:00:00 UTC.");
        error.Scope.Should().Be(new ErrorScope(account.Id.Scope, "x", 0.5m, 0.5m, null, reset));
        (error.Status, error.Type, error.RetryAfterSeconds).Should().Be((400, "budget_exceeded", null));
    }

    [Test]
    public void Calls_are_counted_at_admission_and_leave_the_window_after_sixty_seconds()
    {
        var key = TestTill.Open(AccountKind.Key, new AccountTerms { RpmLimit = 2 });
        _till.Take(0, 0, key).Settle(0, 0);
        _till.Time.Advance(TimeSpan.FromSeconds(20));
        _till.Take(0, 0, key).Release();
        _till.Time.Advance(TimeSpan.FromSeconds(10.5));

        var error = _till.Admit(0, 0, key).Error!;

        (error.Status, error.RetryAfterSeconds, error.Scope!.RateLimitType).Should().Be((429, 30, "requests"));
        error.Message.Should().Be("Rate limit exceeded for api_key: x. Limit type: requests. Current limit: 2, Remaining: 0. Limit resets at: 2026-11-21 12:01:00 UTC");
        _till.Time.Advance(TimeSpan.FromSeconds(29.5));
        _till.Take(0, 0, key);
        _till.Admit(0, 0, key).Error!.RetryAfterSeconds.Should().Be(20);
    }

    [Test]
    public void Tokens_are_held_by_estimate_and_settled_by_use()
    {
        var key = TestTill.Open(AccountKind.Key, new AccountTerms { TpmLimit = 100 });
        var call = _till.Take(0, 100, key);
        _till.Admit(0, 1, key).Error!.Scope!.RateLimitType.Should().Be("tokens");

        call.Settle(0, 30);
        _till.Take(0, 10, key).Settle(0, 80);

        var error = _till.Admit(0, 1, key).Error!;
        (error.RetryAfterSeconds, error.Scope!.RateLimitType).Should().Be((60, "tokens"));
        _till.Time.Advance(TimeSpan.FromSeconds(60));
        _till.Take(0, 1, key).TokenRate.Remaining.Should().Be(99);
    }

    [Test]
    public void A_parallel_slot_is_given_back_however_the_call_ends()
    {
        var key = TestTill.Open(AccountKind.Key, new AccountTerms { MaxParallelRequests = 1 });
        var settled = _till.Take(0, 0, key);
        var error = _till.Admit(0, 0, key).Error!;
        settled.Settle(0, 0);
        var released = _till.Take(0, 0, key);
        released.Release();

        _till.Take(0, 0, key);
        (error.Scope!.RateLimitType, error.RetryAfterSeconds).Should().Be(("max_parallel_requests", 1));
    }

    [Test]
    public void A_limit_of_zero_lets_nothing_through([Values] bool isBudget)
    {
        var key = TestTill.Open(AccountKind.Key, isBudget ? new AccountTerms { MaxBudget = 0 } : new AccountTerms { RpmLimit = 0 });

        _till.Admit(0, 0, key).Error!.RetryAfterSeconds.Should().BeNull();
    }

    [Test]
    public void A_soft_budget_passes()
    {
        var key = TestTill.Open(AccountKind.Key, new AccountTerms { SoftBudget = 0.1m }, spent: 0.2m);

        _till.Take(1, 1, key);
    }

    [Test]
    public void A_temporary_increase_ends_by_itself()
    {
        var key = TestTill.Open(
            AccountKind.Key,
            new AccountTerms { MaxBudget = 1, Increase = 1, IncreaseEndsAt = _till.Time.GetUtcNow() + TimeSpan.FromHours(1) },
            spent: 1);

        _till.Take(0, 0, key).Release();
        _till.Time.Advance(TimeSpan.FromHours(1));

        _till.Admit(0, 0, key).Error!.Type.Should().Be("budget_exceeded");
    }

    [Test]
    public void The_scope_with_the_least_left_shows_in_the_headers()
    {
        var key = TestTill.Open(AccountKind.Key, new AccountTerms { RpmLimit = 9, TpmLimit = 50 });
        var team = TestTill.Open(AccountKind.Team, new AccountTerms { RpmLimit = 3, TpmLimit = 1000 });

        var call = _till.Take(0, 10, key, team);

        (call.Requests.Limit, call.Requests.Remaining, call.Requests.ResetSeconds).Should().Be((3, 2, 60));
        (call.TokenRate.Limit, call.TokenRate.Remaining).Should().Be((50, 40));
    }

    [Test]
    public void More_scopes_than_the_usual_are_all_held()
    {
        var accounts = Enumerable.Range(0, 30).Select(_ => TestTill.Open(AccountKind.Tag, AccountTerms.None)).ToArray();

        var call = _till.Take(0.1m, 1, accounts);
        accounts.Should().OnlyContain(account => account.Holds == 1);
        call.Settle(5, 1);

        accounts.Should().OnlyContain(account => account.Holds == 0 && account.SpentPicos == 5);
    }
}
