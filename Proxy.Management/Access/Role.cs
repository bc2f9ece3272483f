using System.Collections.Frozen;

namespace Proxy.Management.Access;

/// <summary>What a user is to the gateway. A key has the role of its user; one without a user, or whose user was never made, has none.</summary>
public enum Role
{
    None,

    /// <summary>May do everything that the master key may.</summary>
    ProxyAdmin,

    /// <summary>May see everything and change nothing.</summary>
    ProxyAdminViewer,

    OrganizationAdmin,

    /// <summary>May make and change keys of their own.</summary>
    InternalUser,

    /// <summary>May see what is theirs.</summary>
    InternalUserViewer,
    Team,
    Customer,
}

/// <summary>The words that clients use for roles.</summary>
internal static class RoleNames
{
    /// <summary>The word in answers about somebody who has none.</summary>
    public const string Unknown = "unknown";

    private static readonly FrozenDictionary<string, Role> Roles = new Dictionary<string, Role>(StringComparer.Ordinal)
    {
        ["proxy_admin"] = Role.ProxyAdmin,
        ["proxy_admin_viewer"] = Role.ProxyAdminViewer,
        ["org_admin"] = Role.OrganizationAdmin,
        ["internal_user"] = Role.InternalUser,
        ["internal_user_viewer"] = Role.InternalUserViewer,
        ["team"] = Role.Team,
        ["customer"] = Role.Customer,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public static IEnumerable<string> All => Roles.OrderBy(role => role.Value).Select(role => role.Key);

    public static bool IsKnown(string name) => Roles.ContainsKey(name);

    public static Role Find(string? name) => name is not null && Roles.TryGetValue(name, out var role) ? role : Role.None;

    public static string Of(Role role) => Roles.FirstOrDefault(known => known.Value == role).Key ?? Unknown;
}
