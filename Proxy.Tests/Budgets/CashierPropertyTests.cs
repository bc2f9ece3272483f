using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;
using Proxy.Management.Access;
using Proxy.Management.Budgets;
using Proxy.Management.Storage;

namespace Proxy.Tests.Budgets;

/// <summary>Whatever comes after whatever: no budget goes negative, no limit lets more through, no slot is lost.</summary>
[TestFixture]
internal sealed class CashierPropertyTests
{
    [Test]
    public void No_order_of_reserve_move_settle_abort_reset_and_time_breaks_an_account()
    {
        // A step is a kind and a number: which open call it concerns, what that call cost, or how long the clock moves.
        var steps = Gen.Choose(0, 11).SelectMany(kind => Gen.Choose(0, 9).Select(number => (Kind: kind, Number: number))).ListOf();

        Check.One(Config.QuickThrowOnFailure.WithMaxTest(1000).WithEndSize(200), Prop.ForAll(steps.ToArbitrary(), run => new Ledger().Holds(run)));
    }

    [Test]
    public void No_interleaving_of_threads_lets_more_through_than_the_limit()
    {
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(20), Prop.ForAll(Gen.Choose(1, 50).ToArbitrary(), limit =>
        {
            var till = new TestTill();
            var slots = TestTill.Open(AccountKind.Team, new AccountTerms { MaxParallelRequests = limit });
            var calls = TestTill.Open(AccountKind.Key, new AccountTerms { RpmLimit = 3L * limit });
            var (now, most, passed) = (0, 0, 0);
            InParallel(200, () =>
            {
                if (till.Admit(0, 0, slots, calls).Reservation is not { } call) return;

                InterlockedMax(ref most, Interlocked.Increment(ref now));
                Interlocked.Increment(ref passed);
                Interlocked.Decrement(ref now);
                call.Release();
            });

            return most <= limit && passed <= 3 * limit && slots.Holds == 0 && calls.Holds == 0;
        }));
    }

    [Test]
    public void No_interleaving_of_threads_passes_a_budget_and_all_of_it_can_be_used()
    {
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(20), Prop.ForAll(Gen.Choose(1, 50).ToArbitrary(), calls =>
        {
            var till = new TestTill();
            var key = TestTill.Open(AccountKind.Key, new AccountTerms { MaxBudget = Money.FromPico(100L * calls) });
            var model = TestTill.Open(AccountKind.KeyModel, new AccountTerms { MaxParallelRequests = 2 });
            var caller = TestTill.CallerOf(("other", model));

            // Each holds what it costs, and some of them go on to a model with slots of its own.
            InParallel(300, index =>
            {
                if (till.Admit(Money.FromPico(100), 0, key).Reservation is not { } call) return;

                if (index % 3 == 0) call.TryMove(caller, ["other"], Money.FromPico(100));
                if (index % 5 == 0) call.Release();
                else call.Settle(call.Picos, 0);
            });
            while (till.Admit(Money.FromPico(1), 0, key).Reservation is { } rest) rest.Settle(1, 0);

            return key is { Holds: 0, ReservedPicos: 0 } && key.SpentPicos == 100L * calls && model is { Holds: 0, ReservedPicos: 0 };
        }));
    }

    [Test]
    public void No_interleaving_of_parts_and_calls_loses_a_slot_or_passes_a_budget()
    {
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(20), Prop.ForAll(Gen.Choose(1, 50).ToArbitrary(), calls =>
        {
            var till = new TestTill();
            var key = TestTill.Open(AccountKind.Key, new AccountTerms { MaxBudget = Money.FromPico(100L * calls), RpmLimit = 200, MaxParallelRequests = 200, TpmLimit = 1_000_000 });
            var spent = 0L;

            // Parts beside whole calls; some are sent twice, some come to nothing.
            InParallel(200, index =>
            {
                if (till.Admit(Money.FromPico(100), 10, isPart: index % 2 == 0, key).Reservation is not { } call) return;

                if (index % 7 == 0) call.TryAddPrompt(Money.FromPico(30), 5);
                if (index % 5 == 0)
                {
                    call.Release();
                    return;
                }

                Interlocked.Add(ref spent, call.Picos);
                call.Settle(call.Picos, 10);
            });

            // Whatever parts gave back, the slots of calls are all there, and no more than those.
            key.Apply(new AccountTerms { MaxParallelRequests = 3 });
            var whole = Enumerable.Range(0, 4).Select(_ => till.Admit(0, 0, key).Reservation).ToList();
            if (whole.Count(call => call is not null) != 3 || till.Admit(0, 0, isPart: true, key).Reservation is not { } part) return false;

            foreach (var call in whole.Append(part)) call?.Release();

            // A call that is alone may pass it, by less than itself.
            return key is { Holds: 0, ReservedPicos: 0 } && key.SpentPicos == spent && spent < 100L * calls + 130;
        }));
    }

    private static void InParallel(int count, Action action) => InParallel(count, _ => action());

    private static void InParallel(int count, Action<int> action) =>
        Parallel.For(0, count, new ParallelOptions { MaxDegreeOfParallelism = 8 }, action);

    private static void InterlockedMax(ref int most, int value)
    {
        int seen;
        while ((seen = Volatile.Read(ref most)) < value && Interlocked.CompareExchange(ref most, value, seen) != seen)
        {
        }
    }

    /// <summary>What must be true of two accounts, worked out beside them.</summary>
    private sealed class Ledger
    {
        private const long Estimate = 100;
        private const long Budget = 1000;
        private const int Slots = 4;
        private const int Rpm = 20;

        private static readonly Caller Nobody = TestTill.CallerOf();
        private static readonly AccountTerms Terms = new() { MaxBudget = Money.FromPico(Budget), MaxParallelRequests = Slots, RpmLimit = Rpm };

        private readonly TestTill _till = new();
        private readonly Account _key = TestTill.Open(AccountKind.Key, Terms);
        private readonly Account _team = TestTill.Open(AccountKind.Team, Terms with { MaxBudget = null, RpmLimit = null });
        private readonly List<(Reservation Call, long Held)> _open = [];
        private readonly List<DateTimeOffset> _admitted = [];
        private long _spent;
        private long _bound = Budget;

        private long Held => _open.Sum(call => call.Held);

        private int InWindow => _admitted.Count(at => at > _till.Time.GetUtcNow() - TimeSpan.FromSeconds(60));

        public bool Holds(IEnumerable<(int Kind, int Number)> run)
        {
            foreach (var (kind, number) in run)
            {
                if (!Step(kind, number) || !IsTrue()) return false;
            }

            foreach (var (call, _) in _open) call.Release();
            return _key is { Holds: 0, ReservedPicos: 0 } && _team is { Holds: 0, ReservedPicos: 0 };
        }

        private bool Step(int kind, int number)
        {
            switch (kind)
            {
                case < 5: return Admit();
                case 9:
                    _till.Time.Advance(TimeSpan.FromSeconds(number));
                    return true;
                case 8 when number == 0:
                    _key.Reset(null);
                    _spent = 0;
                    return true;
            }

            if (_open.Count == 0) return true;

            var index = number % _open.Count;
            if (kind > 9) return Move(index, price: (number + 1) * 30);

            End(index, cost: kind == 5 ? null : _open[index].Held * number / 9);
            return true;
        }

        private bool Admit()
        {
            var expected = Fits(Held, Estimate) && _open.Count < Slots && InWindow < Rpm;
            var call = _till.Admit(Money.FromPico(Estimate), 1, _key, _team).Reservation;
            if (call is null) return !expected;

            if (_open.Count == 0) _bound = Math.Max(Budget, _spent + Estimate);
            _open.Add((call, Estimate));
            _admitted.Add(_till.Time.GetUtcNow());
            return expected;
        }

        private bool Move(int index, long price)
        {
            var (call, held) = _open[index];
            var others = Held - held;
            var expected = price <= held || Fits(others, price);
            if (call.TryMove(Nobody, ["m"], Money.FromPico(price)) != expected) return false;

            if (!expected) return true;
            if (others == 0) _bound = Math.Max(Budget, _spent + price);
            _open[index] = (call, price);
            return true;
        }

        /// <summary>Ends it, and once more, which must change nothing.</summary>
        private void End(int index, long? cost)
        {
            var call = _open[index].Call;
            _open.RemoveAt(index);
            if (cost is { } picos)
            {
                call.Settle(picos, 1);
                _spent += picos;
            }

            call.Release();
            call.Settle(50, 1);
        }

        private bool Fits(long others, long picos) => _spent < Budget && (others == 0 || _spent + others + picos <= Budget);

        private bool IsTrue()
        {
            var isKept = (_key.SpentPicos, _key.ReservedPicos, _key.Holds, _team.Holds, _team.ReservedPicos) == (_spent, Held, _open.Count, _open.Count, Held);

            // No call costs more than it holds, so the budget is passed by none but a call that was alone, and by less than itself.
            var isWithin = _spent >= 0 && _spent + Held <= _bound && _open.Count <= Slots && InWindow <= Rpm;
            if (_spent + Held <= Budget) _bound = Budget;
            return isKept && isWithin;
        }
    }
}
