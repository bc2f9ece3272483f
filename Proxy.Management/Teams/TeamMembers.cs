using System.Collections.Frozen;
using System.Text.Json;

namespace Proxy.Management.Teams;

/// <summary>Who is in a team, and who is an admin of it. Immutable.</summary>
public sealed class TeamMembers
{
    public const string Field = "members_with_roles";
    public const string AdminRole = "admin";
    public const string UserRole = "user";

    internal static readonly TeamMembers None = new([]);

    private readonly FrozenDictionary<string, string> _roles;

    private TeamMembers(Dictionary<string, string> roles) => _roles = roles.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The role of each, by the id of the user.</summary>
    public IReadOnlyDictionary<string, string> Roles => _roles;

    /// <summary>By their user ids; who stands there with nothing but an address of mail is nobody yet.</summary>
    /// <param name="details">The JSON object of the team.</param>
    internal static TeamMembers Read(string details)
    {
        if (!details.Contains(Field, StringComparison.Ordinal)) return None;

        using var document = JsonDocument.Parse(details);
        if (!document.RootElement.TryGetProperty(Field, out var members) || members.ValueKind != JsonValueKind.Array) return None;

        var roles = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var member in members.EnumerateArray())
        {
            if (member.ValueKind != JsonValueKind.Object || Text(member, "user_id") is not { } user) continue;

            // Who stands there twice is what they are at the most.
            var role = Text(member, "role") ?? UserRole;
            if (role == AdminRole || !roles.ContainsKey(user)) roles[user] = role;
        }

        return new TeamMembers(roles);
    }

    public bool Has(string userId) => _roles.ContainsKey(userId);

    public bool IsAdmin(string userId) => _roles.GetValueOrDefault(userId) == AdminRole;

    /// <summary>Whether both have the same members in the same roles.</summary>
    internal bool IsSameAs(TeamMembers others) =>
        _roles.Count == others._roles.Count && _roles.All(member => others._roles.GetValueOrDefault(member.Key) == member.Value);

    private static string? Text(JsonElement member, string name) =>
        member.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
