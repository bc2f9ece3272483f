using System.Text.Json;
using System.Text.Json.Nodes;
using Proxy.Management.Bodies;
using Proxy.Management.Budgets;

namespace Proxy.Management.Teams;

/// <summary>A member's own budget and limits within a team, as answers show them.</summary>
internal static class TeamMembership
{
    public static readonly AccountRequest Request = new("user_email", "max_budget_in_team", [new("role", DetailShape.Text)]);

    /// <summary>What each member of a team may use who has no terms of their own, as the team's fields state it.</summary>
    public static AccountTerms ReadUsual(string details)
    {
        if (!details.Contains("\"team_member_", StringComparison.Ordinal)) return AccountTerms.None;

        using var document = JsonDocument.Parse(details);
        var team = document.RootElement;
        return new AccountTerms
        {
            MaxBudget = Number("team_member_budget"),
            BudgetDuration = team.TryGetProperty("team_member_budget_duration", out var duration) ? duration.GetString() : null,
            RpmLimit = (long?)Number("team_member_rpm_limit"),
            TpmLimit = (long?)Number("team_member_tpm_limit"),
        };

        decimal? Number(string name) =>
            team.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out var number) ? number : null;
    }

    public static JsonArray Show(IReadOnlyList<AccountRow> members) => [.. members.Select(Show)];

    public static JsonObject Show(AccountRow row)
    {
        var view = Request.Show(row, "id");
        view.Remove("id");
        view["team_id"] = row.AccountId.Owner;
        view["user_id"] = row.AccountId.Part;
        return view;
    }
}
