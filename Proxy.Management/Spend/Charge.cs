using Proxy.Management.Budgets;

namespace Proxy.Management.Spend;

/// <summary>What a call adds to the sums of its scopes.</summary>
/// <param name="Others">The accounts that it is counted in beside those that the entry names.</param>
internal readonly record struct Charge(SpendEntry Entry, long Picos, AccountId[] Others)
{
    private static readonly AccountId[] OnlyProxy = [AccountId.Proxy];

    public static Charge Of(SpendEntry entry, long picos, Reservation? reservation) => new(entry, picos, FindOthers(entry, reservation));

    /// <summary>The accounts of single models, and of the whole; and a member of an organisation, as memory settles it.</summary>
    private static AccountId[] FindOthers(SpendEntry entry, Reservation? reservation)
    {
        if (reservation is null)
            return entry is { OrganizationId: { } organization, UserId: { } user } ? [AccountId.OfOrganizationMember(organization, user)] : [];

        AccountId[] others = [];
        for (var i = 0; i < reservation.Count; i++)
        {
            if (reservation[i].Id is { Kind: AccountKind.Proxy or AccountKind.KeyModel or AccountKind.TeamModel or AccountKind.OrganizationMember } id)
                others = others.Length == 0 && id == AccountId.Proxy ? OnlyProxy : [.. others, id];
        }

        return others;
    }
}
