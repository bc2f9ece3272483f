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
        results.Where(result => result.Error is not null).Should().OnlyContain(result => result.Error!.Type == "budget_exceeded" && result.Error.Status == 429 && result.Error.RetryAfterSeconds == 1);
        foreach (var (reservation, _) in results) reservation?.Settle(100_000_000_000, 0);
        (key.Spend, key.ReservedPicos, key.Holds).Should().Be((1m, 0, 0));
        _till.Admit(0, 0, key).Error!.Status.Should().Be(400);
    }

    [Test]
    public void Beside_others_a_call_must_fit_whole_and_alone_it_may_take_the_last_of_a_budget()
    {
        var key = TestTill.Open(AccountKind.Key, new AccountTerms { MaxBudget = 1 });
        var first = _till.Take(0.7m, 0, key);

        _till.Admit(0.4m, 0, key).Error!.Message.Should().Contain("Calls under way hold 0.7 of it, and this one may cost 0.4");
        _till.Take(0.3m, 0, key).Release();
        _till.Take(0, 0, key).Release();
        first.Settle(700_000_000_000, 0);

        _till.Take(5, 0, key).Settle(310_000_000_000, 0);
        (key.Spend, _till.Admit(0, 0, key).Error!.Status).Should().Be((1.01m, 400));
    }

    [Test]
    public async Task A_call_that_does_not_fit_beside_others_waits_until_they_have_cost_less()
    {
        var key = TestTill.Open(AccountKind.Key, new AccountTerms { MaxBudget = 1 });
        var first = _till.Take(0.9m, 0, key);
        var waiting = Enumerable.Range(0, 20).Select(_ => _till.AdmitAsync(0.9m, key)).ToList();
        waiting.Should().OnlyContain(call => !call.IsCompleted);

        // Each costs a tenth of what the budget is, whatever it holds: ten pass, one after another.
        var next = first;
        for (var call = 0; call < 9; call++)
        {
            next.Settle(100_000_000_000, 0);
            var passed = await Task.WhenAny(waiting);
            waiting.Remove(passed);
            next = (await passed).Reservation!;
        }

        next.Settle(100_000_000_000, 0);
        (await Task.WhenAll(waiting)).Should().OnlyContain(result => result.Error!.Status == 400);
        (key.Spend, waiting.Count).Should().Be((1m, 11));
    }

    [Test]
    public async Task A_wait_ends_with_a_refusal_that_may_be_tried_again()
    {
        var key = TestTill.Open(AccountKind.Key, new AccountTerms { MaxBudget = 1 });
        var first = _till.Take(1, 0, key);
        var waiting = _till.AdmitAsync(1, key);
        await _till.Time.WaitForTimerAsync(TimeSpan.FromSeconds(30));

        _till.Time.Advance(TimeSpan.FromSeconds(30));

        var error = (await waiting).Error!;
        (error.Status, error.Type, error.RetryAfterSeconds).Should().Be((429, "budget_exceeded", 1));
        first.Release();
        key.Holds.Should().Be(0);
    }

    [Test]
    public void What_no_waiting_helps_is_refused_at_once_whatever_others_hold()
    {
        var (key, team) = (TestTill.Open(AccountKind.Key, new AccountTerms { MaxBudget = 1 }), TestTill.Open(AccountKind.Team, new AccountTerms { RpmLimit = 1 }));
        _till.Take(1, 0, key, team);

        var waiting = _till.AdmitAsync(1, key, team);

        waiting.IsCompleted.Should().BeTrue();
        waiting.Result.Error!.Message.Should().Contain("Limit type: requests");
    }

    [TestCase(1, null, null, "requests")]
    [TestCase(null, 1, null, "tokens")]
    [TestCase(null, null, 1, "max_parallel_requests")]
    public void A_limit_of_the_scope_itself_is_told_at_once_though_others_hold_its_budget(int? requests, int? tokens, int? parallel, string type)
    {
        var key = TestTill.Open(AccountKind.Key, new AccountTerms { MaxBudget = 1, RpmLimit = requests, TpmLimit = tokens, MaxParallelRequests = parallel });
        _till.Take(1, 1, key);

        var refused = _till.AdmitAsync(1, key);

        refused.IsCompleted.Should().BeTrue();
        refused.Result.Error!.Scope!.RateLimitType.Should().Be(type);
    }

    [Test]
    public void A_limit_of_tokens_that_is_set_during_a_call_counts_what_it_used_and_gives_back_nothing()
    {
        var key = TestTill.Open(AccountKind.Key, AccountTerms.None);
        var (brief, lasting) = (_till.Take(0, 50, key), _till.Take(0, 50, key));
        key.Apply(new AccountTerms { TpmLimit = 100 });
        _till.Take(0, 90, key);

        brief.Settle(0, 10);
        _till.Admit(0, 0, key).Error.Should().NotBeNull("90 and 10 are the limit");
        lasting.Settle(0, 60);

        _till.Time.Advance(TimeSpan.FromSeconds(59));
        _till.Admit(0, 0, key).Error.Should().NotBeNull();
        _till.Time.Advance(TimeSpan.FromSeconds(2));
        _till.Take(0, 0, key);
    }

    [Test]
    public async Task A_new_budget_or_a_new_period_ends_a_wait_too([Values] bool isReset)
    {
        var key = TestTill.Open(AccountKind.Key, new AccountTerms { MaxBudget = 1 }, spent: 0.5m);
        _till.Take(0.5m, 0, key);
        var waiting = _till.AdmitAsync(0.5m, key);

        if (isReset) key.Reset(null);
        else key.Apply(new AccountTerms { MaxBudget = 2 });

        (await waiting).Reservation.Should().NotBeNull();
    }

    [Test]
    public void A_dearer_model_is_held_at_its_price_or_not_gone_on_to()
    {
        var key = TestTill.Open(AccountKind.Key, new AccountTerms { MaxBudget = 1 });
        var (cheap, dear) = (TestTill.Open(AccountKind.KeyModel, new AccountTerms { TpmLimit = 100 }), TestTill.Open(AccountKind.KeyModel, new AccountTerms { MaxBudget = 0.6m, RpmLimit = 1 }));
        var caller = TestTill.CallerOf(("cheap", cheap), ("dear", dear));
        var call = _till.Take(0.1m, 10, key, cheap);
        var other = _till.Take(0.5m, 0, key);

        call.TryMove(caller, ["dear"], 0.6m).Should().BeFalse("it does not fit beside the other");
        (key.ReservedPicos, cheap.Holds, dear.Holds).Should().Be((600_000_000_000, 1, 0));
        call.TryMove(caller, ["dear"], 0.5m).Should().BeTrue();
        (key.ReservedPicos, cheap.Holds, cheap.ReservedPicos, dear.Holds, dear.ReservedPicos).Should().Be((1_000_000_000_000, 0, 0, 1, 500_000_000_000));
        call.Settle(400_000_000_000, 5);
        other.Release();

        (key.Spend, key.Holds, cheap.Spend, dear.Spend, dear.Holds, dear.ReservedPicos).Should().Be((0.4m, 0, 0m, 0.4m, 0, 0));
        _till.Take(0.1m, 0, key, cheap).TryMove(caller, ["dear"], 0.1m).Should().BeFalse("the model's own limit of calls is reached");
    }

    [Test]
    public void Tokens_of_the_model_that_a_call_went_on_to_are_given_back_at_its_end()
    {
        var key = TestTill.Open(AccountKind.Key, new AccountTerms { TpmLimit = 100 });
        var (asked, other) = (TestTill.Open(AccountKind.KeyModel, new AccountTerms { TpmLimit = 100 }), TestTill.Open(AccountKind.KeyModel, new AccountTerms { TpmLimit = 100 }));
        var call = _till.Take(0, 100, key, asked);
        _till.Time.Advance(TimeSpan.FromSeconds(5));

        call.TryMove(TestTill.CallerOf(("other", other)), ["other"], 0).Should().BeTrue();
        call.Settle(0, 30);

        new[] { key, asked, other }.Select(account => _till.Take(0, 0, account).TokenRate.Remaining).Should().Equal(70, 100, 70);
    }

    [Test]
    public void A_call_that_is_sent_twice_stays_one_call_and_holds_both_prompts()
    {
        var key = TestTill.Open(AccountKind.Key, new AccountTerms { MaxBudget = 1, RpmLimit = 2, TpmLimit = 100, MaxParallelRequests = 1 });
        var model = TestTill.Open(AccountKind.KeyModel, new AccountTerms { MaxBudget = 1, RpmLimit = 1, MaxParallelRequests = 1 });
        var call = _till.Take(0.6m, 50, key, model);

        call.TryAddPrompt(0.4m, 20).Should().BeTrue("its own hold is not beside it");

        (key.ReservedPicos, key.Holds, model.ReservedPicos, model.Holds).Should().Be((1_000_000_000_000, 1, 1_000_000_000_000, 1));
        call.Settle(700_000_000_000, 40);
        (key.Spend, key.ReservedPicos, model.Spend, model.ReservedPicos).Should().Be((0.7m, 0, 0.7m, 0));
        var next = _till.Take(0, 0, key);
        (next.Requests.Remaining, next.TokenRate.Remaining).Should().Be((0, 40));
    }

    [Test]
    public void A_second_prompt_that_does_not_fit_is_not_held([Values] bool isBudget)
    {
        var key = TestTill.Open(AccountKind.Key, isBudget ? new AccountTerms { MaxBudget = 1 } : new AccountTerms { TpmLimit = 100 });
        var call = _till.Take(0.3m, 50, key);
        var other = _till.Take(0.3m, 50, key);

        call.TryAddPrompt(0.5m, 1).Should().BeFalse();

        key.ReservedPicos.Should().Be(600_000_000_000);
        other.Settle(0, 0);
        call.TryAddPrompt(0.5m, 1).Should().BeTrue();
    }

    [Test]
    public void A_model_that_a_call_goes_on_to_begins_its_new_period_first()
    {
        var over = _till.Time.GetUtcNow() - TimeSpan.FromSeconds(1);
        var dear = TestTill.Open(AccountKind.KeyModel, new AccountTerms { MaxBudget = 1, BudgetDuration = "1d", BudgetResetAt = over }, spent: 1);
        var call = _till.Take(0.1m, 0, TestTill.Open(AccountKind.Key, AccountTerms.None));

        call.TryMove(TestTill.CallerOf(("dear", dear)), ["dear"], 0.5m).Should().BeTrue();

        (dear.Spend, dear.ReservedPicos).Should().Be((0m, 500_000_000_000));
    }

    [Test]
    public void Tokens_come_back_though_another_call_is_let_in_between_the_clock_and_the_count()
    {
        var key = TestTill.Open(AccountKind.Key, new AccountTerms { TpmLimit = 100 });
        OvertakenClock clock = null!;
        var till = new TestTill((time, gate) => clock = new OvertakenClock(time, gate));
        clock.Overtake = () =>
        {
            till.Time.Advance(TimeSpan.FromSeconds(2));
            till.Take(0, 10, key);
        };

        till.Take(0, 90, key).Settle(0, 0);

        till.Take(0, 90, key);
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

    /// <summary>Lets something happen right after it was read, where nothing keeps others out.</summary>
    private sealed class OvertakenClock(TimeProvider time, Lock gate) : TimeProvider
    {
        public Action? Overtake { get; set; }

        public override long TimestampFrequency => time.TimestampFrequency;

        public override DateTimeOffset GetUtcNow() => time.GetUtcNow();

        public override long GetTimestamp()
        {
            var read = time.GetTimestamp();
            if (gate.IsHeldByCurrentThread || Overtake is not { } overtake) return read;

            Overtake = null;
            overtake();
            return read;
        }
    }

    [Test]
    public void Of_several_full_limits_the_one_that_lasts_longest_says_when_to_come_back([Values] bool isKeyFirst)
    {
        var key = TestTill.Open(AccountKind.Key, new AccountTerms { RpmLimit = 1, MaxParallelRequests = 1 });
        var team = TestTill.Open(AccountKind.Team, new AccountTerms { RpmLimit = 2, TpmLimit = 5 });
        _till.Take(0, 0, key);
        _till.Take(0, 0, team);
        _till.Time.Advance(TimeSpan.FromSeconds(20));
        _till.Take(0, 5, team);

        var error = (isKeyFirst ? _till.Admit(0, 0, key, team) : _till.Admit(0, 0, team, key)).Error!;

        // The key's call leaves in 40 seconds, and so does the first of the team; the team's tokens in 60.
        (error.RetryAfterSeconds, error.Scope!.Scope, error.Scope.RateLimitType).Should().Be((60, "team", "tokens"));
        _till.Time.Advance(TimeSpan.FromSeconds(60));
        _till.Admit(0, 0, team).Error.Should().BeNull();
    }

    [Test]
    public void A_budget_that_is_spent_goes_before_a_rate_that_frees_soon()
    {
        var key = TestTill.Open(AccountKind.Key, new AccountTerms { RpmLimit = 1 });
        var team = TestTill.Open(AccountKind.Team, new AccountTerms { MaxBudget = 1 }, spent: 1);
        _till.Take(0, 0, key);

        var error = _till.Admit(0, 0, key, team).Error!;

        (error.Status, error.Type, error.RetryAfterSeconds).Should().Be((400, "budget_exceeded", null));
    }
}
