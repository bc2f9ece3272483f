using Proxy.Management.Access;
using Proxy.Management.Keys;

namespace Proxy.Management.Resources;

/// <summary>For whom a provider keeps something: a user within a team, a team, a user, or a key that has neither.</summary>
public readonly record struct ResourceOwner(string? TeamId, string? UserId, KeyHash? KeyHash)
{
    public static ResourceOwner Of(Caller caller) => new(caller.TeamId, caller.UserId, caller.KeyHash);

    /// <summary>Whether it is the caller's. What a team's key without a user made is the whole team's; what a user made within a team stays in it.</summary>
    public bool Includes(Caller caller)
    {
        if (caller.IsProxyAdmin) return true;
        if (TeamId is null && UserId is null) return KeyHash is not null && KeyHash == caller.KeyHash;
        return TeamId == caller.TeamId && (UserId is null || UserId == caller.UserId);
    }
}
