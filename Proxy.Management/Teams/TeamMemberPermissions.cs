using System.Collections.Frozen;
using System.Text.Json;
using Proxy.Management.Bodies;

namespace Proxy.Management.Teams;

/// <summary>What members of a team who are no admins may do with its keys, as the team states it. Immutable.</summary>
/// <remarks>Where it states nothing, a member does what anybody does: see and change the keys that are their own.</remarks>
public sealed class TeamMemberPermissions
{
    public const string Field = "team_member_permissions";

    internal const string Generate = "/key/generate";
    internal const string GenerateServiceAccount = "/key/service-account/generate";
    internal const string Update = "/key/update";
    internal const string Delete = "/key/delete";
    internal const string Regenerate = "/key/regenerate";
    internal const string Info = "/key/info";
    internal const string List = "/key/list";
    internal const string Block = "/key/block";
    internal const string Unblock = "/key/unblock";

    internal static readonly TeamMemberPermissions None = new([]);

    /// <summary>All that a team may state. Some are other names of one thing.</summary>
    internal static readonly string[] All =
    [
        Generate, GenerateServiceAccount, Update, Delete, Regenerate, "/key/{key_id}/regenerate", Info, "/key/health", List, Block, Unblock,
    ];

    private readonly FrozenSet<string> _routes;

    private TeamMemberPermissions(IEnumerable<string> routes) => _routes = routes.ToFrozenSet(StringComparer.Ordinal);

    internal IEnumerable<string> Routes => _routes.Order(StringComparer.Ordinal);

    internal bool AreStated => _routes.Count > 0;

    /// <param name="details">The JSON object of the team.</param>
    internal static TeamMemberPermissions Read(string details)
    {
        if (!details.Contains(Field, StringComparison.Ordinal)) return None;

        using var document = JsonDocument.Parse(details);
        if (!document.RootElement.TryGetProperty(Field, out var list) || list.ValueKind != JsonValueKind.Array || list.GetArrayLength() == 0) return None;

        return new TeamMemberPermissions(list.EnumerateArray().Where(route => route.ValueKind == JsonValueKind.String).Select(route => route.GetString()!));
    }

    /// <summary>Refuses what is no such permission: a misspelled one would allow nothing, and nobody would know why.</summary>
    internal static void Check(FieldReader fields)
    {
        if (fields.TextList(Field)?.FirstOrDefault(route => !All.Contains(route)) is not null)
            fields.Fault(Field, $"The entries of '{Field}' must be of: {string.Join(", ", All)}.");
    }

    internal bool Allow(string route) => _routes.Contains(route) || (route == Regenerate && _routes.Contains("/key/{key_id}/regenerate"));
}
