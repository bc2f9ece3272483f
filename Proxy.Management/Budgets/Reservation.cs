using System.Runtime.CompilerServices;
using Proxy.Management.Access;
using Proxy.Management.Limits;

namespace Proxy.Management.Budgets;

/// <summary>What one call holds in the accounts of all its scopes, until it is settled or released; whichever comes first, and once.</summary>
public sealed class Reservation
{
    private readonly Cashier _cashier;
    private Accounts _accounts;
    private Account[]? _more;
    private int _count;
    private bool _isClosed;
    private long _takenAt;
    private long _movedAt;

    internal Reservation(Cashier cashier, long picos, long tokens) => (_cashier, Picos, Tokens) = (cashier, picos, tokens);

    /// <summary>The scope with the fewest calls left.</summary>
    public RateStanding Requests { get; private set; }

    /// <summary>The scope with the fewest tokens left.</summary>
    public RateStanding TokenRate { get; private set; }

    internal long Picos { get; private set; }

    internal long Tokens { get; }

    /// <inheritdoc cref="CallEstimate.IsPart"/>
    internal bool IsPart { get; init; }

    internal int Count => _count;

    internal Account this[int index] => index < Accounts.Length ? _accounts[index] : _more![index - Accounts.Length];

    /// <summary>How the key stands with limits of its own for the model, with the calls of this moment.</summary>
    /// <returns>Null when it has none.</returns>
    public ModelStanding? FindModelStanding() => _cashier.FindModelStanding(this);

    /// <summary>Gives everything back, as when the call came to nothing. After a settlement it does nothing.</summary>
    public void Release() => _cashier.Close(this, 0, 0);

    /// <summary>The call goes on to another model: from now on it holds what it may cost there, in the scopes of that model.</summary>
    /// <param name="caller">Who calls.</param>
    /// <param name="models">Every name of the model.</param>
    /// <param name="cost">Dollars.</param>
    /// <returns>False when it does not fit; then it holds what it held.</returns>
    public bool TryMove(Caller caller, IReadOnlyList<string> models, decimal cost) => _cashier.TryMove(this, caller, models, cost);

    /// <summary>The call is sent to a second provider beside the first, which will have the prompt too.</summary>
    /// <returns>False when that does not fit; then it holds what it held.</returns>
    public bool TryAddPrompt(decimal cost, long tokens) => _cashier.TryAddPrompt(this, cost, tokens);

    /// <summary>The call is in the database: what it held goes, what it used stays.</summary>
    internal void Settle(long picos, long tokens) => _cashier.Close(this, picos, tokens);

    /// <summary>Who it is counted for, whoever the key has come to belong to since.</summary>
    /// <returns>Null when the call is in no scope of the kind.</returns>
    public string? FindId(AccountKind kind)
    {
        for (var i = 0; i < _count; i++)
        {
            if (this[i].Id.Kind == kind) return this[i].Id.Id;
        }

        return null;
    }

    internal void Add(Account? account)
    {
        if (account is null) return;

        if (_count < Accounts.Length)
        {
            _accounts[_count++] = account;
            return;
        }

        var index = _count++ - Accounts.Length;
        if (_more is null || index == _more.Length) Array.Resize(ref _more, Math.Max(4, 2 * index));
        _more[index] = account;
    }

    /// <summary>Puts the successors of accounts that have left in their places, before anything is held.</summary>
    internal async Task RenewAsync(AccountRing ring)
    {
        for (var i = 0; i < _count; i++)
        {
            while (this[i].HasLeft) Set(i, await ring.FindAsync(this[i].Id));
        }
    }

    private void Set(int index, Account account)
    {
        if (index < Accounts.Length) _accounts[index] = account;
        else _more![index - Accounts.Length] = account;
    }

    /// <summary>Under the cashier's lock; nothing denies it.</summary>
    internal void Take(long clock)
    {
        _takenAt = _movedAt = clock;
        for (var i = 0; i < _count; i++)
        {
            var account = this[i];
            account.Take(clock, Picos, Tokens, IsPart);
            Requests = Tighter(Requests, account.RequestsAt(clock));
            TokenRate = Tighter(TokenRate, account.TokensAt(clock));
        }
    }

    /// <summary>Under the cashier's lock: the sum is another, and so may be the accounts of the model.</summary>
    internal void Move(IReadOnlyList<Account> accounts, long picos, long clock)
    {
        (_count, _more, Picos, _movedAt) = (0, null, picos, clock);
        foreach (var account in accounts) Add(account);
    }

    /// <summary>Under the cashier's lock: it holds more in the same accounts.</summary>
    internal void Raise(long picos) => Picos = picos;

    /// <summary>When it began to hold something of an account.</summary>
    internal long TakenAtOf(Account account) => account.IsOfModel ? _movedAt : _takenAt;

    /// <summary>Under the cashier's lock.</summary>
    /// <returns>False when it was closed before.</returns>
    internal bool TryClose()
    {
        var isFirst = !_isClosed;
        _isClosed = true;
        return isFirst;
    }

    private static RateStanding Tighter(RateStanding left, RateStanding right) =>
        right.Limit is null || (left.Limit is not null && left.Remaining <= right.Remaining) ? left : right;

    /// <summary>Enough for every scope and two tags without an array of its own.</summary>
    [InlineArray(Length)]
    private struct Accounts
    {
        public const int Length = 12;

        private Account _first;
    }
}
