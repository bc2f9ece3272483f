using Proxy.Management.Access;
using Proxy.Management.Callbacks;
using Proxy.Management.Errors;

namespace Proxy.Management.Keys;

/// <summary>What is to become of a key.</summary>
/// <param name="Change">From the row to the one that shall be; it may run twice.</param>
/// <param name="Caller">Who asks for it.</param>
internal sealed record KeyEdit(Func<KeyIdentity, KeyIdentity> Change, Caller Caller)
{
    /// <summary>The fields that the request states.</summary>
    public IReadOnlyList<string> Stated { get; init; } = [];

    /// <summary>Where its calls are logged from now on; null leaves that as it is.</summary>
    public IReadOnlyList<TeamCallback>? Callbacks { get; init; }

    /// <summary>The spend from now on; null leaves it as it is.</summary>
    public decimal? Spend { get; init; }

    /// <summary>Why the key, as it is, may not be changed so; null when it may. It may run twice.</summary>
    public Func<KeyRecord, ProxyError?>? Check { get; init; }

    /// <summary>Null leaves the secret as it is.</summary>
    public NewSecret? Secret { get; init; }
}

/// <summary>A secret instead of the present one.</summary>
/// <param name="Hash">Its hash.</param>
/// <param name="Name">What may be shown of it.</param>
/// <param name="GraceEnd">Until when the present one opens the key still; null ends all that the key ever had at once.</param>
internal sealed record NewSecret(KeyHash Hash, string Name, DateTimeOffset? GraceEnd);
