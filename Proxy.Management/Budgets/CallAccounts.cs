using Proxy.Management.Access;
using Proxy.Management.Storage;

namespace Proxy.Management.Budgets;

/// <summary>Finds the accounts that a call is counted in.</summary>
internal sealed class CallAccounts(AccountRing ring)
{
    /// <summary>A reservation in all scopes of the caller, with nothing held yet.</summary>
    public Reservation Open(Cashier cashier, Caller caller, in CallEstimate call)
    {
        var reservation = new Reservation(cashier, Money.ToPico(call.Cost), call.Tokens) { IsPart = call.IsPart };
        reservation.Add(ring.Proxy);
        if (caller.Key is { } key) key.AddAccounts(reservation, call.Models);
        else reservation.Add(ring.Master);
        return reservation;
    }

    /// <summary>Adds the customer and the tags.</summary>
    /// <returns>False, and nothing is added, when one of them must be read first.</returns>
    public bool TryAddLoaded(Reservation reservation, in CallEstimate call)
    {
        if (call.CustomerId is null && call.Tags.Count == 0) return true;
        if (call.CustomerId is { } customer && ring.FindLoaded(new AccountId(AccountKind.Customer, customer)) is null) return false;

        for (var i = 0; i < call.Tags.Count; i++)
        {
            if (ring.FindLoaded(new AccountId(AccountKind.Tag, call.Tags[i])) is null) return false;
        }

        if (call.CustomerId is not null) reservation.Add(ring.FindLoaded(new AccountId(AccountKind.Customer, call.CustomerId)));
        for (var i = 0; i < call.Tags.Count; i++) reservation.Add(ring.FindLoaded(new AccountId(AccountKind.Tag, call.Tags[i])));
        return true;
    }

    /// <summary>The same, and reads what is not in memory.</summary>
    public async ValueTask AddAsync(Reservation reservation, CallEstimate call)
    {
        if (call.CustomerId is not null) reservation.Add(await ring.FindAsync(new AccountId(AccountKind.Customer, call.CustomerId)));
        foreach (var tag in call.Tags) reservation.Add(await ring.FindAsync(new AccountId(AccountKind.Tag, tag)));
    }
}
