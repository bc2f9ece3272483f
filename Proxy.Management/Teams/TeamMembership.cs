using System.Text.Json.Nodes;
using Proxy.Management.Bodies;
using Proxy.Management.Budgets;

namespace Proxy.Management.Teams;

/// <summary>A member's own budget and limits within a team, as answers show them.</summary>
internal static class TeamMembership
{
    public static readonly AccountRequest Request = new("user_email", "max_budget_in_team", [new("role", DetailShape.Text)]);

    public static JsonArray Show(IReadOnlyList<AccountRow> members) => [.. members.Select(Show)];

    public static JsonObject Show(AccountRow row)
    {
        var cut = row.Id.IndexOf('\u001f');
        var view = Request.Show(row, "id");
        view.Remove("id");
        view["team_id"] = row.Id[..cut];
        view["user_id"] = row.Id[(cut + 1)..];
        return view;
    }
}
