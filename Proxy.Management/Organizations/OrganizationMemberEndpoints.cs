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

    private static async Task<IResult> AddAsync(
        HttpContext context, OrganizationChanges changes, BudgetCalendar calendar, TimeProvider time, CancellationToken cancellationToken)
    {
        var (fields, malformed) = await JsonBody.ReadAsync(context.Request, cancellationToken);
        if (malformed is not null) return new ErrorResult(malformed);

        var id = fields!.RequiredText(OrganizationContracts.IdField);
        var members = TeamMember.ReadOneOrMore(fields, "member", OrganizationMemberships.Roles, usualRole: "internal_user");
        var terms = ReadTerms(fields, calendar, time, context.ManagementCaller);
        if (fields.Error is { } fault) return new ErrorResult(fault);

        var change = await changes.AddAsync(id!, members, terms, context.ManagementCaller, cancellationToken);
        return change.Error is not null
            ? new ErrorResult(change.Error)
            : Show(new JsonObject
            {
                [OrganizationContracts.IdField] = id,
                ["updated_users"] = new JsonArray([.. change.Users.Select(user => UserContracts.Request.Show(user, UserContracts.IdField))]),
                ["updated_organization_memberships"] = new JsonArray([.. change.Users.Zip(change.Terms, (user, row) => ShowMembership(user, row))]),
            });
    }

    private static async Task<IResult> UpdateAsync(
        HttpContext context, OrganizationChanges changes, BudgetCalendar calendar, TimeProvider time, CancellationToken cancellationToken)
    {
        var (fields, malformed) = await JsonBody.ReadAsync(context.Request, cancellationToken);
        if (malformed is not null) return new ErrorResult(malformed);

        var (id, user) = ReadMember(fields!);
        var role = fields!.Text("role");
        TeamMember.CheckRole(fields, "role", role, OrganizationMemberships.Roles);
        var terms = ReadTerms(fields, calendar, time, context.ManagementCaller);
        if (fields.Error is { } fault) return new ErrorResult(fault);

        var change = await changes.UpdateAsync(id!, user, role, terms, context.ManagementCaller, cancellationToken);
        return change.Error is null ? Show(ShowMembership(change.Users[0], change.Terms[0])) : new ErrorResult(change.Error);
    }

    private static async Task<IResult> RemoveAsync(HttpContext context, OrganizationChanges changes, CancellationToken cancellationToken)
    {
        var (fields, malformed) = await JsonBody.ReadAsync(context.Request, cancellationToken);
        if (malformed is not null) return new ErrorResult(malformed);

        var (id, user) = ReadMember(fields!);
        if (fields!.Error is { } fault) return new ErrorResult(fault);

        var change = await changes.RemoveAsync(id!, user, context.ManagementCaller, cancellationToken);
        return change.Error is null
            ? Show(new JsonObject { [UserContracts.IdField] = change.Users[0].Id, [OrganizationContracts.IdField] = id, ["user_role"] = null })
            : new ErrorResult(change.Error);
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

    private static (string? Id, (string? Id, string? Email) User) ReadMember(FieldReader fields)
    {
        var id = fields.RequiredText(OrganizationContracts.IdField);
        var (userId, email) = (fields.Text(UserContracts.IdField), fields.Text(UserRows.EmailField));
        if (userId is null && email is null) fields.Fault(UserContracts.IdField, "Either 'user_id' or 'user_email' is required.");
        return (id, (userId, email));
    }

    /// <summary>What the body gives each member to use. Faults are left with the reader.</summary>
    private static Func<AccountRow, AccountRow> ReadTerms(FieldReader fields, BudgetCalendar calendar, TimeProvider time, Caller caller)
    {
        var (now, by) = (time.GetUtcNow(), caller.UserId);
        AccountRow Apply(AccountRow row) => OrganizationMemberships.Request.Apply(fields, row, calendar, now, by);
        Apply(AccountRequest.New(default, now, by));
        return Apply;
    }

    private static JsonObject ShowMembership(AccountRow user, AccountRow terms) =>
        OrganizationMemberships.Show(terms, OrganizationMemberships.Read(user.Details).GetValueOrDefault(terms.AccountId.Owner));

    private static JsonHttpResult<JsonObject> Show(JsonObject view) => TypedResults.Json(view, AccountJson.Default.JsonObject);
}
