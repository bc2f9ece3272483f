using System.Text.Json;
using System.Text.Json.Nodes;
using Proxy.Management.Bodies;

namespace Proxy.Management.Teams;

/// <summary>Somebody who is to be in a team or an organisation: by their id, or by their address of mail alone.</summary>
internal sealed record TeamMember(string? UserId, string? Email, string Role)
{
    /// <summary>The most that one call may add.</summary>
    public const int MaxAtOnce = 500;

    public static readonly string[] Roles = [TeamMembers.AdminRole, TeamMembers.UserRole, "org_admin", "internal_user", "internal_user_viewer"];

    /// <summary>A member, or a list of them. Faults are left with the reader.</summary>
    /// <param name="roles">What a member may be; null for what there is in teams.</param>
    /// <param name="usualRole">What a member is of whom nothing is said.</param>
    public static IReadOnlyList<TeamMember> ReadOneOrMore(FieldReader fields, string name, string[]? roles = null, string usualRole = TeamMembers.UserRole) => fields.Element(name) switch
    {
        { ValueKind: JsonValueKind.Object } one => Read(fields, name, [one], roles, usualRole),
        { ValueKind: JsonValueKind.Array } list => Read(fields, name, [.. list.EnumerateArray()], roles, usualRole),
        _ => Read(fields, name, [], roles, usualRole),
    };

    public static IReadOnlyList<TeamMember> ReadList(FieldReader fields, string name) =>
        Read(fields, name, [.. fields.List(name)?.EnumerateArray() ?? default], roles: null, TeamMembers.UserRole);

    public static void CheckRole(FieldReader fields, string field, string? role, string[]? roles = null)
    {
        if (role is not null && !(roles ?? Roles).Contains(role)) fields.Fault(field, $"A member's 'role' must be one of: {string.Join(", ", roles ?? Roles)}.");
    }

    public JsonObject ToJson() => new() { ["role"] = Role, ["user_id"] = UserId, ["user_email"] = Email };

    private static List<TeamMember> Read(FieldReader fields, string name, List<JsonElement> items, string[]? roles, string usualRole)
    {
        if (items.Count is 0 or > MaxAtOnce || items.Exists(item => item.ValueKind != JsonValueKind.Object))
        {
            fields.Fault(name, $"'{name}' must be a member, or a list of up to {MaxAtOnce} of them.");
            return [];
        }

        return [.. items.Select(item => ReadOne(fields, name, new FieldReader(item), roles, usualRole))];
    }

    private static TeamMember ReadOne(FieldReader fields, string name, FieldReader read, string[]? roles, string usualRole)
    {
        var (user, email, role) = (read.Text("user_id"), read.Text("user_email"), read.Text("role"));
        if (user is null && email is null) fields.Fault(name, "A member needs 'user_id' or 'user_email'.");
        if (read.Error is { } fault) fields.Fault(name, fault.Message);
        CheckRole(fields, name, role, roles);
        return new TeamMember(user, email, role ?? usualRole);
    }
}
