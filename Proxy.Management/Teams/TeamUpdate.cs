using Proxy.Management.Bodies;
using Proxy.Management.Budgets;

namespace Proxy.Management.Teams;

/// <summary>A body that changes a team: what is stated applies, null clears, what is absent stays.</summary>
internal static class TeamUpdate
{
    /// <summary>Faults are left with the reader; look at them before the row is written.</summary>
    public static TeamIdentity Apply(FieldReader fields, TeamIdentity team, BudgetCalendar calendar, DateTimeOffset now, string? by)
    {
        TeamRequest.CheckMembers(fields);
        TeamMemberPermissions.Check(fields);
        fields.ResetAfter("team_member_budget_duration", now, calendar);
        var details = DetailField.Update(fields, TeamRequest.Details, team.Details);
        return team with
        {
            Alias = fields.Stated("team_alias", team.Alias, name => fields.Text(name)),
            OrganizationId = fields.Stated("organization_id", team.OrganizationId, name => fields.Text(name)),
            Models = fields.Stated("models", team.Models, name => fields.TextList(name) ?? []),
            IsBlocked = fields.Stated("blocked", team.IsBlocked, name => fields.Flag(name) == true),
            Limits = team.Limits.Update(fields, calendar, now),
            Metadata = DetailField.UpdateMetadata(fields, team.Metadata, details, TeamRequest.BelongToMetadata),
            Details = details,
            UpdatedAt = now,
            UpdatedBy = by,
        };
    }
}
