using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;
using Proxy.Management.Budgets;
using Proxy.Management.Storage;

namespace Proxy.Tests.Budgets;

/// <summary>Whatever comes after whatever: no budget goes negative, no limit lets more through, no slot is lost.</summary>
[TestFixture]
internal sealed class CashierPropertyTests
{
    private const long Estimate = 100;
    private const long Budget = 1000;
    private const int Parallel = 4;
    private const int Rpm = 20;

    [Test]
    public void No_order_of_reserve_settle_abort_reset_and_time_breaks_an_account()
    {
        // A step is a kind and a number: which open call it ends, what that call cost, or how long the clock moves.
        var steps = Gen.Choose(0, 9).Two().Select(pair => (Kind: pair.Item1, Number: pair.Item2)).ListOf();

        Check.One(Config.QuickThrowOnFailure.WithMaxTest(500).WithEndSize(200), Prop.ForAll(steps.ToArbitrary(), run => Holds(run)));
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

    private static bool Holds(IEnumerable<(int Kind, int Number)> run)
    {
        var till = new TestTill();
        var terms = new AccountTerms { MaxBudget = Money.FromPico(Budget), MaxParallelRequests = Parallel, RpmLimit = Rpm };
        var (key, team) = (TestTill.Open(AccountKind.Key, terms), TestTill.Open(AccountKind.Team, terms with { MaxBudget = null, RpmLimit = null }));
        var open = new List<Reservation>();
        var admitted = new List<DateTimeOffset>();
        long spent = 0;
        foreach (var (kind, number) in run)
        {
            if (kind < 5)
            {
                var call = till.Admit(Money.FromPico(Estimate), 1, key, team).Reservation;
                if (call is null) continue;
                open.Add(call);
                admitted.Add(till.Time.GetUtcNow());
            }
            else if (kind == 9)
            {
                till.Time.Advance(TimeSpan.FromSeconds(number));
            }
            else if (kind == 8 && number == 0)
            {
                (spent, _) = (0, Reset(key));
            }
            else if (open.Count > 0)
            {
                var call = open[number % open.Count];
                open.Remove(call);
                if (kind == 5) call.Release();
                else call.Settle(number * 10, 1);
                if (kind != 5) spent += number * 10;
                call.Release();
            }

            var inWindow = admitted.Count(at => at > till.Time.GetUtcNow() - TimeSpan.FromSeconds(60));
            if (key.SpentPicos != spent || key.ReservedPicos != open.Count * Estimate || key.Holds != open.Count || team.Holds != open.Count) return false;
            if (open.Count > Parallel || inWindow > Rpm || key.SpentPicos < 0) return false;

            // Each call was let in below the budget and costs at most its estimate, so at most one passes it, by less than itself.
            if (key.SpentPicos + key.ReservedPicos >= Budget + Estimate) return false;
        }

        foreach (var call in open) call.Release();
        return key is { Holds: 0, ReservedPicos: 0 } && team is { Holds: 0, ReservedPicos: 0 };
    }

    private static bool Reset(Account account)
    {
        account.Reset(null);
        return true;
    }

    private static void InParallel(int count, Action action) =>
        System.Threading.Tasks.Parallel.For(0, count, new ParallelOptions { MaxDegreeOfParallelism = 8 }, _ => action());

    private static void InterlockedMax(ref int most, int value)
    {
        int seen;
        while ((seen = Volatile.Read(ref most)) < value && Interlocked.CompareExchange(ref most, value, seen) != seen)
        {
        }
    }
}
