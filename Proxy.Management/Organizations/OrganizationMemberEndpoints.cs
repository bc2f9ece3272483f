using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Proxy.Management.Access;
using Proxy.Management.Bodies;
using Proxy.Management.Budgets;
using Proxy.Management.Errors;
using Proxy.Management.Teams;
using Proxy.Management.Users;

namespace Proxy.Management.Organizations;

/// <summary>The members of organisations, and organisations that go. Clients of different ages call the same with different methods.</summary>
internal static class OrganizationMemberEndpoints
{
    private const string BudgetField = "max_budget_in_organization";

    public static void MapOrganizationMemberEndpoints(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/organization/member_add", AccessRule.Manager, AddAsync);
        routes.MapPost("/organization/member_update", AccessRule.Manager, UpdateAsync);
        routes.MapPatch("/organization/member_update", AccessRule.Manager, UpdateAsync);
        routes.MapPost("/organization/member_delete", AccessRule.Manager, RemoveAsync);
        routes.MapDelete("/organization/member_delete", AccessRule.Manager, RemoveAsync);
        routes.MapPost("/organization/delete", AccessRule.Admin, DeleteAsync);
        routes.MapDelete("/organization/delete", AccessRule.Admin, DeleteAsync);
    }

    private static async Task<IResult> AddAsync(HttpContext context, OrganizationChanges changes, CancellationToken cancellationToken)
    {
        var (fields, malformed) = await JsonBody.ReadAsync(context.Request, cancellationToken);
        if (malformed is not null) return new ErrorResult(malformed);

        var id = fields!.RequiredText(OrganizationContracts.IdField);
        var members = TeamMember.ReadOneOrMore(fields, "member", OrganizationMemberships.Roles, usualRole: "internal_user");
        RefuseBudget(fields);
        if (fields.Error is { } fault) return new ErrorResult(fault);

        var change = await changes.AddAsync(id!, members, context.ManagementCaller, cancellationToken);
        return change.Error is not null
            ? new ErrorResult(change.Error)
            : Show(new JsonObject
            {
                [OrganizationContracts.IdField] = id,
                ["updated_users"] = new JsonArray([.. change.Users.Select(user => UserContracts.Request.Show(user, UserContracts.IdField))]),
                ["updated_organization_memberships"] = new JsonArray([.. change.Users.Select(user => ShowMembership(user, id!))]),
            });
    }

    private static Task<IResult> UpdateAsync(HttpContext context, OrganizationChanges changes, CancellationToken cancellationToken) =>
        SetRoleAsync(context, changes, isRemoved: false, cancellationToken);

    private static Task<IResult> RemoveAsync(HttpContext context, OrganizationChanges changes, CancellationToken cancellationToken) =>
        SetRoleAsync(context, changes, isRemoved: true, cancellationToken);

    private static async Task<IResult> SetRoleAsync(HttpContext context, OrganizationChanges changes, bool isRemoved, CancellationToken cancellationToken)
    {
        var (fields, malformed) = await JsonBody.ReadAsync(context.Request, cancellationToken);
        if (malformed is not null) return new ErrorResult(malformed);

        var id = fields!.RequiredText(OrganizationContracts.IdField);
        var (userId, email) = (fields.Text(UserContracts.IdField), fields.Text(UserRows.EmailField));
        if (userId is null && email is null) fields.Fault(UserContracts.IdField, "Either 'user_id' or 'user_email' is required.");
        var role = isRemoved ? null : fields.RequiredText("role");
        TeamMember.CheckRole(fields, "role", role, OrganizationMemberships.Roles);
        if (!isRemoved) RefuseBudget(fields);
        if (fields.Error is { } fault) return new ErrorResult(fault);

        var change = await changes.SetRoleAsync(id!, userId, email, role, context.ManagementCaller, cancellationToken);
        return change.Error is null ? Show(ShowMembership(change.Users[0], id!)) : new ErrorResult(change.Error);
    }

    private static async Task<IResult> DeleteAsync(HttpContext context, OrganizationChanges changes, CancellationToken cancellationToken)
    {
        var (fields, malformed) = await JsonBody.ReadAsync(context.Request, cancellationToken);
        if (malformed is not null) return new ErrorResult(malformed);

        var ids = fields!.TextList("organization_ids") ?? [];
        if (ids.Count == 0 && fields.Error is null) fields.Fault("organization_ids", "'organization_ids' must name at least one.");
        if (fields.Error is { } fault) return new ErrorResult(fault);

        return await changes.DeleteAsync([.. ids.Distinct(StringComparer.Ordinal)], context.ManagementCaller, cancellationToken) is { } missing
            ? new ErrorResult(AccountErrors.Unknown(OrganizationContracts.IdField, missing))
            : Show(new JsonObject { ["deleted_organizations"] = new JsonArray([.. ids.Select(id => (JsonNode)id)]) });
    }

    /// <summary>A budget that nobody would hold a call against is refused rather than kept.</summary>
    private static void RefuseBudget(FieldReader fields)
    {
        if (fields.Dollars(BudgetField) is not null)
            fields.FaultInValue(BudgetField, $"'{BudgetField}' is not held: give the user a budget, or one in each team.");
    }

    private static JsonObject ShowMembership(AccountRow user, string organizationId) => new()
    {
        [UserContracts.IdField] = user.Id,
        [OrganizationContracts.IdField] = organizationId,
        ["user_role"] = OrganizationMemberships.Read(user.Details).GetValueOrDefault(organizationId),
    };

    private static JsonHttpResult<JsonObject> Show(JsonObject view) => TypedResults.Json(view, AccountJson.Default.JsonObject);
}
