using System.Text.Json;
using System.Text.Json.Nodes;
using Proxy.Management.Access;
using Proxy.Management.Bodies;
using Proxy.Management.Budgets;
using Proxy.Management.Callbacks;
using Proxy.Management.Errors;

namespace Proxy.Management.Teams;

/// <summary>A body that asks for a team, read and checked.</summary>
internal static class TeamRequest
{
    public static readonly string[] BelongToMetadata = ["model_tpm_limit", "model_rpm_limit", "guardrails", "tags"];

    public static readonly DetailField[] Details =
    [
        new("admins", DetailShape.TextList, "[]"),
        new("members", DetailShape.TextList, "[]"),
        new(TeamMembers.Field, DetailShape.List, "[]"),
        new("model_aliases", DetailShape.Object),
        new("tags", DetailShape.TextList),
        new("guardrails", DetailShape.TextList),
        new("prompts", DetailShape.TextList),
        new("object_permission", DetailShape.Object),
        new("allowed_passthrough_routes", DetailShape.List),
        new("allowed_vector_store_indexes", DetailShape.List),
        new("model_rpm_limit", DetailShape.Object),
        new("model_tpm_limit", DetailShape.Object),
        new("model_max_budget", DetailShape.Object, "{}"),
        new("rpm_limit_type", DetailShape.Text),
        new("tpm_limit_type", DetailShape.Text),
        new("team_member_budget", DetailShape.Dollars),
        new("team_member_budget_duration", DetailShape.Text),
        new("team_member_rpm_limit", DetailShape.Count),
        new("team_member_tpm_limit", DetailShape.Count),
        new("team_member_key_duration", DetailShape.Text),
        new(TeamMemberPermissions.Field, DetailShape.TextList, "[]"),
    ];

    public static (TeamIdentity? Team, ProxyError? Error) Read(FieldReader fields, BudgetCalendar calendar, Caller caller, DateTimeOffset now)
    {
        var createdBy = caller.UserId;
        CheckMembers(fields);
        TeamMemberPermissions.Check(fields);
        fields.ResetAfter("team_member_budget_duration", now, calendar);
        var metadata = fields.Object("metadata");
        var details = AddCreator(DetailField.Read(fields, Details), createdBy);
        var team = ReadIdentity(fields, calendar, metadata, details, createdBy, now);
        if (fields.Error is { } fault) return (null, fault);

        var (callbacks, refusal) = CallbackRules.ReadMetadata(metadata, caller.IsProxyAdmin);
        return refusal is null ? (team with { Callbacks = callbacks }, null) : (null, refusal);
    }

    private static TeamIdentity ReadIdentity(
        FieldReader fields, BudgetCalendar calendar, JsonElement? metadata, string details, string? createdBy, DateTimeOffset now) => new()
        {
            TeamId = fields.Text("team_id") ?? Guid.NewGuid().ToString(),
            Alias = fields.Text("team_alias"),
            OrganizationId = fields.Text("organization_id"),
            Models = fields.TextList("models") ?? [],
            IsBlocked = fields.Flag("blocked") ?? false,
            Limits = LimitSettings.None.Update(fields, calendar, now),
            Metadata = DetailField.Metadata(metadata, details, BelongToMetadata),
            Details = details,
            CreatedAt = now,
            UpdatedAt = now,
            CreatedBy = createdBy,
            UpdatedBy = createdBy,
        };

    public static void CheckMembers(FieldReader fields)
    {
        foreach (var item in fields.List(TeamMembers.Field)?.EnumerateArray() ?? default)
        {
            if (item.ValueKind != JsonValueKind.Object)
            {
                fields.Fault(TeamMembers.Field, $"The entries of '{TeamMembers.Field}' must be objects.");
                return;
            }

            var member = new FieldReader(item);
            TeamMember.CheckRole(fields, TeamMembers.Field, member.Text("role") ?? "");
            if (member.Text("user_id") is null && member.Text("user_email") is null)
                fields.Fault(TeamMembers.Field, "A member needs 'user_id' or 'user_email'.");
            if (member.Error is { } fault) fields.Fault(TeamMembers.Field, fault.Message);
        }
    }

    /// <summary>Who makes a team is its first admin.</summary>
    private static string AddCreator(string details, string? createdBy)
    {
        var fields = JsonNode.Parse(details)!.AsObject();
        var members = fields[TeamMembers.Field]!.AsArray();
        if (members.OfType<JsonObject>().Any(member => member["user_id"]?.ToString() == createdBy)) return details;

        members.Add((JsonNode)new JsonObject { ["role"] = "admin", ["user_id"] = createdBy, ["user_email"] = null });
        return fields.ToJsonString();
    }
}
