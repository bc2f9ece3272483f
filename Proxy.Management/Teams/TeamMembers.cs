using System.Text.Json;

namespace Proxy.Management.Teams;

/// <summary>Who is in a team, and who is an admin of it. Immutable.</summary>
public sealed class TeamMembers
{
    public const string Field = "members_with_roles";
    public const string AdminRole = "admin";

    internal static readonly TeamMembers None = new([], []);

    private readonly HashSet<string> _all;
    private readonly HashSet<string> _admins;

    private TeamMembers(HashSet<string> all, HashSet<string> admins) => (_all, _admins) = (all, admins);

    /// <summary>By their user ids; who stands there with nothing but an address of mail is nobody yet.</summary>
    /// <param name="details">The JSON object of the team.</param>
    internal static TeamMembers Read(string details)
    {
        if (!details.Contains(Field, StringComparison.Ordinal)) return None;

        using var document = JsonDocument.Parse(details);
        if (!document.RootElement.TryGetProperty(Field, out var members) || members.ValueKind != JsonValueKind.Array) return None;

        var (all, admins) = (new HashSet<string>(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal));
        foreach (var member in members.EnumerateArray())
        {
            if (member.ValueKind != JsonValueKind.Object || Text(member, "user_id") is not { } user) continue;

            all.Add(user);
            if (Text(member, "role") == AdminRole) admins.Add(user);
        }

        return new TeamMembers(all, admins);
    }

    public bool Has(string userId) => _all.Contains(userId);

    public bool IsAdmin(string userId) => _admins.Contains(userId);

    private static string? Text(JsonElement member, string name) =>
        member.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
