using Proxy.Management.Access;
using Proxy.Management.Alerts;
using Proxy.Management.Errors;
using Proxy.Management.Limits;
using Proxy.Management.Storage;

namespace Proxy.Management.Budgets;

/// <summary>Admits calls into the budgets and limits of all their scopes, or into none, and settles what they used.</summary>
/// <remarks>One lock guards all accounts: a call concerns up to a dozen of them, the work under the lock is a few memory reads each, and
/// nothing is ever seen half done. Budget: under 3 µs and 300 bytes for an admission with its settlement.</remarks>
public sealed class Cashier
{
    /// <summary>How long a call waits for what others hold of a budget that is not spent.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);

    private readonly Lock _gate;
    private readonly AccountRing _ring;
    private readonly BudgetResets _resets;
    private readonly BudgetAlerts _alerts;
    private readonly TimeProvider _time;
    private readonly CallAccounts _calls;

    internal Cashier(AccountRing ring, BudgetResets resets, BudgetAlerts alerts, TimeProvider time)
    {
        (_gate, _ring, _resets, _alerts, _time) = (ring.Gate, ring, resets, alerts, time);
        _calls = new CallAccounts(ring);
    }

    /// <summary>Holds the estimate in every scope of the call.</summary>
    /// <remarks>A call that does not fit beside others waits for them: they may cost less than they hold.</remarks>
    /// <returns>The reservation, or why the call is refused; then nothing is held.</returns>
    public ValueTask<(Reservation? Reservation, ProxyError? Error)> ReserveAsync(Caller caller, in CallEstimate call, CancellationToken cancellationToken)
    {
        var reservation = _calls.Open(this, caller, call);
        return _calls.TryAddLoaded(reservation, call)
            ? AdmitAsync(reservation, call.Patience, cancellationToken)
            : AddAndAdmitAsync(reservation, call, cancellationToken);
    }

    /// <summary>For what was used though nothing was held for it: whoever is to pay is told by the settlement, as by any other.</summary>
    public async ValueTask<Reservation> CountAsync(Caller caller, CallEstimate call)
    {
        call = call with { Cost = 0, Tokens = 0, IsPart = true };
        var reservation = _calls.Open(this, caller, call);
        if (!_calls.TryAddLoaded(reservation, call)) await _calls.AddAsync(reservation, call);
        while (!TryCount(reservation)) await reservation.RenewAsync(_ring);
        return reservation;
    }

    internal ValueTask<(Reservation? Reservation, ProxyError? Error)> AdmitAsync(
        Reservation reservation, TimeSpan? patience, CancellationToken cancellationToken)
    {
        if (TryTake(reservation, out var denial, out var freed)) return new((reservation, null));
        if (denial.Reason == DenialReason.Gone) return RenewAndAdmitAsync(reservation, patience, cancellationToken);

        return freed is null
            ? new((null, Refusals.Of(denial, _time.GetUtcNow())))
            : WaitAsync(reservation, denial, freed, patience, cancellationToken);
    }

    private async ValueTask<(Reservation? Reservation, ProxyError? Error)> RenewAndAdmitAsync(
        Reservation reservation, TimeSpan? patience, CancellationToken cancellationToken)
    {
        await reservation.RenewAsync(_ring);
        return await AdmitAsync(reservation, patience, cancellationToken);
    }

    internal void Close(Reservation reservation, long picos, long tokens)
    {
        lock (_gate)
        {
            if (!reservation.TryClose()) return;

            var (now, clock) = Now();
            for (var i = 0; i < reservation.Count; i++)
            {
                var account = reservation[i];
                account.Settle(reservation.TakenAtOf(account), clock, reservation, picos, tokens);
                if (picos > 0 && account.TakeAlerts(now) is var levels and not AlertLevels.None) _alerts.Raise(account, levels);
            }
        }
    }

    /// <summary>Holds what the call may cost at another model, there and in the scopes of that model alone, or leaves all as it is.</summary>
    internal bool TryMove(Reservation reservation, Caller caller, IReadOnlyList<string> models, decimal cost)
    {
        var picos = Money.ToPico(cost);
        lock (_gate)
        {
            var (now, clock) = Now();
            var kept = new List<Account>();
            var left = new List<Account>();
            for (var i = 0; i < reservation.Count; i++)
                (reservation[i].IsOfModel ? left : kept).Add(reservation[i]);

            var taken = caller.Key?.ModelAccounts(models).ToList() ?? [];
            foreach (var account in kept.Concat(taken)) BeginPeriod_NeedsLock(account, now);
            if (kept.Exists(account => !account.Takes(now, reservation.Picos, picos))) return false;
            if (taken.Exists(account => account.Denies(now, clock, picos, reservation.IsPart, out _))) return false;

            foreach (var account in kept) account.Move(reservation.Picos, picos);
            foreach (var account in left) account.Settle(reservation.TakenAtOf(account), clock, reservation, 0, 0);
            foreach (var account in taken) account.Take(clock, picos, reservation.Tokens, reservation.IsPart);
            reservation.Move([.. kept, .. taken], picos, clock);
            return true;
        }
    }

    /// <summary>The call is sent a second time beside the first: it stays one call in one slot, and holds the second prompt besides.</summary>
    internal bool TryAddPrompt(Reservation reservation, decimal cost, long tokens)
    {
        lock (_gate)
        {
            var (now, clock) = Now();
            var picos = reservation.Picos + Money.ToPico(cost);
            for (var i = 0; i < reservation.Count; i++)
            {
                BeginPeriod_NeedsLock(reservation[i], now);
                if (!reservation[i].Takes(now, reservation.Picos, picos) || !reservation[i].HasTokens(clock)) return false;
            }

            for (var i = 0; i < reservation.Count; i++) reservation[i].AddPrompt(clock, reservation.Picos, picos, tokens);
            reservation.Raise(picos);
            return true;
        }
    }

    internal ModelStanding? FindModelStanding(Reservation reservation)
    {
        for (var i = 0; i < reservation.Count; i++)
        {
            if (reservation[i] is not { Id: { Kind: AccountKind.KeyModel } id } account) continue;

            lock (_gate)
            {
                var (_, clock) = Now();
                return new ModelStanding(id.Model, account.RequestsAt(clock), account.TokensAt(clock));
            }
        }

        return null;
    }

    /// <summary>Holds it in all of the reservation's accounts or in none.</summary>
    /// <param name="denial">Why not: of several reasons the one that lasts longest, so that who comes back as it says is let in.</param>
    /// <param name="freed">Done when it may be tried again; null when there is nothing to wait for.</param>
    internal bool TryTake(Reservation reservation, out Denial denial, out Task? freed)
    {
        (denial, freed) = (default, null);
        lock (_gate)
        {
            var (now, clock) = Now();
            for (var i = 0; i < reservation.Count; i++)
            {
                BeginPeriod_NeedsLock(reservation[i], now);
                if (!reservation[i].Denies(now, clock, reservation.Picos, reservation.IsPart, out var found)) continue;

                if (found.Outlasts(denial)) denial = found;
                if (denial.IsForGood) return false;
            }

            if (denial.Reason == DenialReason.None) reservation.Take(clock);
            else if (denial.IsHeld) freed = denial.Account.WhenFreed();
            return denial.Reason == DenialReason.None;
        }
    }

    private async ValueTask<(Reservation? Reservation, ProxyError? Error)> WaitAsync(
        Reservation reservation, Denial denial, Task? freed, TimeSpan? patience, CancellationToken cancellationToken)
    {
        var started = _time.GetTimestamp();
        var longest = patience < LongestWait ? patience.Value : LongestWait;
        while (freed is not null && longest - _time.GetElapsedTime(started) is var rest && rest > TimeSpan.Zero)
        {
            try
            {
                await freed.WaitAsync(rest, _time, cancellationToken);
            }
            catch (TimeoutException)
            {
                break;
            }

            if (TryTake(reservation, out denial, out freed)) return (reservation, null);
            if (denial.Reason == DenialReason.Gone) return await RenewAndAdmitAsync(reservation, rest, cancellationToken);
        }

        return (null, Refusals.Of(denial, _time.GetUtcNow()));
    }

    private async ValueTask<(Reservation? Reservation, ProxyError? Error)> AddAndAdmitAsync(
        Reservation reservation, CallEstimate call, CancellationToken cancellationToken)
    {
        await _calls.AddAsync(reservation, call);
        return await AdmitAsync(reservation, call.Patience, cancellationToken);
    }

    /// <returns>False when an account has left memory.</returns>
    private bool TryCount(Reservation reservation)
    {
        lock (_gate)
        {
            for (var i = 0; i < reservation.Count; i++)
            {
                if (reservation[i].HasLeft) return false;
            }

            reservation.Take(Now().Clock);
            return true;
        }
    }

    private void BeginPeriod_NeedsLock(Account account, DateTimeOffset now)
    {
        if (account.ResetAt <= now) _resets.Begin(account, now);
        else if (account.LacksPeriod) _resets.Open(account, now);
    }

    /// <summary>Read under the lock, so that moments are in the order of what happens at them: what is given back is looked for where it was taken.</summary>
    private (DateTimeOffset Now, long Clock) Now() => (_time.GetUtcNow(), _time.GetElapsedTime(0, _time.GetTimestamp()).Ticks);
}
