using Proxy.Management.Access;
using Proxy.Management.Teams;

namespace Proxy.Management.Keys;

/// <summary>Who may make keys, and what they must state: one rule for keys of teams, one for those of no team.</summary>
public sealed record KeyCreation
{
    /// <summary>By the role in the team: <c>admin</c>, <c>user</c>. Admins of the gateway make keys of teams in any case.</summary>
    public KeyCreationRule Team { get; init; } = KeyCreationRule.Open;

    /// <summary>By the role of the user. It holds for admins of the gateway and for the master key too.</summary>
    public KeyCreationRule Personal { get; init; } = KeyCreationRule.Open;

    /// <summary>The roles that there are in a team.</summary>
    public static IReadOnlyList<string> TeamRoles => TeamMember.Roles;

    /// <summary>The roles that a user may have.</summary>
    public static IReadOnlyList<string> UserRoles => [.. RoleNames.All];

    /// <summary>What the request of a key may state.</summary>
    public static IReadOnlyList<string> Fields => [.. KeyDescriptions.Settings.Select(setting => setting.Name)];
}

/// <param name="Roles">Who may; null for everybody who may make keys at all.</param>
/// <param name="RequiredParams">Fields that a request must state, with a value.</param>
public sealed record KeyCreationRule(IReadOnlyList<string>? Roles, IReadOnlyList<string> RequiredParams)
{
    public static KeyCreationRule Open { get; } = new(Roles: null, RequiredParams: []);

    internal bool Allows(string role) => Roles?.Contains(role) != false;
}

/// <summary>What the operator says of keys that come to be.</summary>
public sealed record KeyGenerationSettings
{
    public KeyDefaults Defaults { get; init; } = new();
    public KeyBounds Bounds { get; init; } = new();
    public KeyCreation Creation { get; init; } = new();
}
