using Proxy.Management.Alerts;
using Proxy.Management.Limits;
using Proxy.Management.Storage;

namespace Proxy.Management.Budgets;

/// <summary>What one scope may use, has used and holds for calls under way. There is one per scope, for as long as anybody uses it.</summary>
/// <remarks>Every member that is not a plain read is called under the lock of the <see cref="Cashier"/>.</remarks>
internal sealed class Account
{
    private AccountTerms _own;
    private AccountTerms _terms;
    private AccountTerms? _seenUsual;
    private AlertLevels _told;
    private long _spent;
    private long _reserved;
    private long _holds;
    private long _slots;
    private SlidingWindow? _requests;
    private SlidingWindow? _tokens;
    private long _lastUncounted = -1;
    private TaskCompletionSource? _freed;

    public Account(AccountId id, AccountTerms terms, long spentPicos)
    {
        (Id, _own, _terms, _spent) = (id, terms, terms, spentPicos);
        ResetAt = terms.BudgetResetAt;
    }

    public AccountId Id { get; }

    /// <summary>It is for one model alone.</summary>
    public bool IsOfModel => Id.Kind is AccountKind.KeyModel or AccountKind.TeamModel;

    public AccountTerms Terms => Volatile.Read(ref _terms);

    public decimal Spend => Money.FromPico(SpentPicos);

    public long SpentPicos => Volatile.Read(ref _spent);

    /// <summary>Picodollars that calls under way hold.</summary>
    public long ReservedPicos => Volatile.Read(ref _reserved);

    /// <summary>Calls under way, and parts of them.</summary>
    public long Holds => Volatile.Read(ref _holds);

    /// <summary>When the spend goes back to zero.</summary>
    public DateTimeOffset? ResetAt { get; set; }

    /// <summary>The last admission, on the clock that never goes back.</summary>
    public long LastUsedAt { get; private set; }

    /// <summary>It is in memory no more: whoever still refers to it must look for its successor.</summary>
    public bool HasLeft { get; private set; }

    /// <summary>Where the terms are kept that hold as far as the account has none of its own; null for most.</summary>
    public UsualTerms? Usual { get; set; }

    /// <summary>A period that came with the usual terms and has no end yet.</summary>
    public bool LacksPeriod => Usual is not null && ResetAt is null && CurrentTerms().BudgetDuration is not null;

    /// <summary>The row has changed.</summary>
    public void Apply(AccountTerms terms)
    {
        _own = terms;
        ResetAt = terms.BudgetResetAt;
        Set(Usual is { Terms: var usual } ? terms.Or(usual) : terms);
        TellFreed();
    }

    /// <summary>The row was read by whoever will hold on to the account from now on; what calls under way hold of it stays.</summary>
    public void TakeOver(AccountTerms terms, long spentPicos)
    {
        Apply(terms);
        if (_holds == 0) _spent = spentPicos;
    }

    /// <remarks>A rate or a slot is denied when the limit is reached, so the call that fills it is let in. A budget: see <see cref="Fits"/>; what others
    /// hold of it comes last, since only that is waited for.</remarks>
    public bool Denies(DateTimeOffset now, long clock, long picos, bool isPart, out Denial denial)
    {
        var terms = CurrentTerms();
        if (HasLeft)
            denial = new Denial(this, DenialReason.Gone, 0, 0);
        else if (terms.IsBlocked)
            denial = new Denial(this, DenialReason.Blocked, 0, 0);
        else if (terms.MaxBudgetPicosAt(now) is { } spent && _spent >= spent)
            denial = new Denial(this, DenialReason.Budget, spent, _spent, _reserved, picos, ResetAt: ResetAt);
        else if (DenialOfLimits(terms, clock, isPart) is { Reason: not DenialReason.None } full)
            denial = full;
        else if (terms.MaxBudgetPicosAt(now) is { } budget && !Fits(budget, _reserved, picos))
            denial = new Denial(this, DenialReason.Budget, budget, _spent, _reserved, picos, ResetAt: ResetAt);
        else
            denial = default;

        return denial.Reason != DenialReason.None;
    }

    /// <summary>Whether a call may hold another sum than it does.</summary>
    public bool Takes(DateTimeOffset now, long heldPicos, long picos) =>
        picos <= heldPicos || _terms.MaxBudgetPicosAt(now) is not { } budget || Fits(budget, _reserved - heldPicos, picos);

    /// <summary>Whether the rate of tokens is not used up.</summary>
    public bool HasTokens(long clock) => _terms.TpmLimit is not { } tpm || _tokens is null || _tokens.UsedAt(clock) < tpm;

    /// <summary>A second prompt of a call under way. Its tokens stay as they are estimated: nobody counts them.</summary>
    public void AddPrompt(long clock, long heldPicos, long picos, long tokens)
    {
        Move(heldPicos, picos);
        if (_terms.TpmLimit is not null) (_tokens ??= new()).Add(clock, tokens);
    }

    /// <summary>Instead of what a call holds it holds this.</summary>
    public void Move(long heldPicos, long picos)
    {
        _reserved += picos - heldPicos;
        if (picos < heldPicos) TellFreed();
    }

    /// <summary>Done when something that is held has become free, or the terms or the period are others.</summary>
    public Task WhenFreed() => (_freed ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    public void Take(long clock, long picos, long tokens, bool isPart)
    {
        LastUsedAt = clock;
        _holds++;
        _slots += isPart ? 0 : 1;
        _reserved += picos;
        if (!isPart && _terms.RpmLimit is not null) (_requests ??= new()).Add(clock, 1);
        if (_terms.TpmLimit is not null) (_tokens ??= new()).Add(clock, tokens);
        else _lastUncounted = clock;
    }

    /// <summary>The end of a call: what it held goes, what it used stays.</summary>
    public void Settle(long takenAt, long clock, Reservation held, long picos, long tokens)
    {
        var heldTokens = held.Tokens;
        _holds--;
        _slots -= held.IsPart ? 0 : 1;
        _reserved -= held.Picos;
        _spent += picos;
        TellFreed();

        // Of a call that began while there was no limit, nothing is counted yet.
        var counted = takenAt > _lastUncounted ? heldTokens : 0;
        if (tokens < counted) _tokens?.TakeBack(takenAt, counted - tokens);
        else if (tokens > counted && _terms.TpmLimit is not null) (_tokens ??= new()).Add(clock, tokens - counted);
    }

    /// <summary>Leaves, unless something would be lost: what calls hold, or what they have used of a rate within its window.</summary>
    public bool TryLeave(long clock)
    {
        var isInUse = _holds > 0 || _freed is not null || _requests?.UsedAt(clock) > 0 || _tokens?.UsedAt(clock) > 0;
        return HasLeft = !isInUse;
    }

    public void AddSpend(long picos) => _spent += picos;

    public void SetSpend(long picos)
    {
        _spent = picos;
        TellFreed();
    }

    /// <summary>Thresholds that are reached and of which nobody was told yet; from now on they count as told. They go by the budget as it is at the moment.</summary>
    public AlertLevels TakeAlerts(DateTimeOffset now)
    {
        var terms = _terms;
        if (terms.MaxBudget is null && terms.SoftBudget is null) return AlertLevels.None;

        var reached = AlertLevels.None;
        if (terms.SoftBudget is { } soft && _spent >= Money.ToPico(soft)) reached |= AlertLevels.Soft;
        if (terms.MaxBudgetPicosAt(now) is { } most && _spent >= most / 10 * 8) reached |= _spent >= most ? AlertLevels.Most | AlertLevels.All : AlertLevels.Most;

        var fresh = reached & ~_told;
        _told |= fresh;
        return fresh;
    }

    /// <summary>A new period begins. What calls under way hold counts for it, since they end within it.</summary>
    public void Reset(DateTimeOffset? next)
    {
        _spent = 0;
        _told = AlertLevels.None;
        ResetAt = next;
        TellFreed();
    }

    public RateStanding RequestsAt(long clock) => StandingOf(_requests, _terms.RpmLimit, clock);

    public RateStanding TokensAt(long clock) => StandingOf(_tokens, _terms.TpmLimit, clock);

    /// <summary>
    /// Beside others a call must fit whole, so that calls at once never pass a budget. One that nothing is held beside may take the last of it,
    /// whatever it states that it may cost: how long an answer gets nobody knows before.
    /// </summary>
    private bool Fits(long budget, long heldByOthers, long picos) =>
        _spent < budget && (heldByOthers == 0 || picos == 0 || _spent + heldByOthers + picos <= budget);

    private Denial DenialOfLimits(AccountTerms terms, long clock, bool isPart)
    {
        var denial = default(Denial);
        if (!isPart && terms.MaxParallelRequests is { } parallel && _slots >= parallel)
            denial = new Denial(this, DenialReason.ParallelRequests, parallel, _slots);
        if (!isPart && terms.RpmLimit is { } rpm && (_requests ??= new()).UsedAt(clock) is var calls && calls >= rpm)
            denial = Longer(denial, new Denial(this, DenialReason.Requests, rpm, calls, Wait: WaitOf(_requests, clock, rpm)));
        if (terms.TpmLimit is { } tpm && (_tokens ??= new()).UsedAt(clock) is var tokens && tokens >= tpm)
            denial = Longer(denial, new Denial(this, DenialReason.Tokens, tpm, tokens, Wait: WaitOf(_tokens, clock, tpm)));
        return denial;
    }

    private AccountTerms CurrentTerms()
    {
        if (Usual is { Terms: var usual } && !ReferenceEquals(usual, _seenUsual))
        {
            _seenUsual = usual;
            Set(_own.Or(usual));
        }

        return _terms;
    }

    private void Set(AccountTerms terms)
    {
        if (!terms.HasBudgetOf(_terms)) _told = AlertLevels.None;
        Volatile.Write(ref _terms, terms);
    }

    private void TellFreed()
    {
        _freed?.TrySetResult();
        _freed = null;
    }

    private static RateStanding StandingOf(SlidingWindow? window, long? limit, long clock)
    {
        if (limit is not { } most || window is null) return default;

        var used = window.UsedAt(clock);
        var reset = used == 0 ? 0 : TimeSpan.FromTicks(window.FreeAt(clock, used) - clock).TotalSeconds;
        return new RateStanding(most, Math.Max(0, most - used), reset);
    }

    private static Denial Longer(in Denial left, in Denial right) => right.Outlasts(left) ? right : left;

    private static TimeSpan? WaitOf(SlidingWindow window, long clock, long limit) =>
        limit > 0 ? TimeSpan.FromTicks(window.FreeAt(clock, limit) - clock) : null;
}
