using Proxy.Management.ApiDescription;
using Proxy.Management.Bodies;
using Proxy.Management.Customers;
using Proxy.Management.Invitations;
using Proxy.Management.Organizations;
using Proxy.Management.Tags;
using Proxy.Management.Users;
using static Proxy.Management.ApiDescription.SharedFields;

namespace Proxy.Management.Budgets;

/// <summary>Users, customers, organisations, tags and shared budgets in the API's document.</summary>
internal static class AccountDescriptions
{
    private static readonly DetailField[] BudgetSettings = [.. LimitFields, new("model_max_budget", DetailShape.Object), Text("budget_id")];

    private static readonly DetailField[] OfMembership = [.. Of(OrganizationMemberships.Request)];

    public static readonly EndpointDescription[] All =
    [
        new("POST", "/user/new", "Makes a user, and a key for them unless that is not wanted.")
        {
            Fields =
            [
                .. Of(UserContracts.Request), Text("user_id"), new("auto_create_key", DetailShape.Flag, "true"), Text("key_alias"), new("duration", DetailShape.Duration),
                new(InvitationSender.Field, DetailShape.Flag),
            ],
            Shown = ["user_email", "user_role", "max_budget"],
        },
        new("POST", "/user/update", "Changes a user: what is stated applies, null clears, what is absent stays.")
        {
            Fields = [.. Of(UserContracts.Request), Text("user_id")],
            Shown = ["user_id", "max_budget"],
        },
        new("POST", "/user/bulk_update", "Changes up to 500 users, or all of them alike, each by itself.")
        {
            Fields = [new("users", DetailShape.List), new("all_users", DetailShape.Flag), new("user_updates", DetailShape.Object)],
            Shown = ["users"],
        },
        new("POST", "/user/delete", "Deletes users with their keys and takes them out of their teams, all that are named or none; answers how many. What was spent stays in the book.")
        {
            Fields = [TextList("user_ids")],
            Required = ["user_ids"],
        },
        new("GET", "/user/info", "Shows a user with their keys.") { Query = [Text("user_id")] },
        .. OfKind("/customer", "a customer", CustomerContracts.IdField, "end_user_id", CustomerContracts.Request),
        .. OfKind("/end_user", "a customer", CustomerContracts.IdField, "end_user_id", CustomerContracts.Request),
        .. OfKind("/organization", "an organisation", OrganizationContracts.IdField, OrganizationContracts.IdField, OrganizationContracts.Request, isIdMade: true),
        .. OfKind("/tag", "a tag", TagContracts.IdField, TagContracts.IdField, TagContracts.Request),
        .. OfMembers(),
        .. OfCustomers("/customer"),
        .. OfCustomers("/end_user"),
        new("POST", "/tag/delete", "Deletes tags, all that are named or none. What was spent stays in the book.") { Fields = [TextList("names")], Required = ["names"] },
        new("POST", "/tag/info", "Shows several tags.") { Fields = [TextList("names")], Shown = ["names"] },
        new("POST", "/budget/new", "Makes a budget that several can be given.") { Fields = BudgetSettings, Shown = ["budget_id", "max_budget", "budget_duration"] },
        new("POST", "/budget/update", "Changes a shared budget, for all that have it.") { Fields = BudgetSettings, Required = ["budget_id"], Shown = ["max_budget"] },
        new("POST", "/budget/info", "Shows several shared budgets.") { Fields = [TextList("budgets")], Shown = ["budgets"] },
        new("GET", "/budget/list", "Lists all shared budgets."),
        new("GET", "/budget/settings", "Shows one shared budget.") { Query = [Text("budget_id")] },
        new("GET", "/user/available_roles", "Lists the roles that users can have."),
        .. OfUserLists("/user/list"),
        .. OfUserLists("/user/get_users"),
        new("POST", "/budget/delete", "Deletes a shared budget.") { Fields = [Text("id")], Required = ["id"] },
    ];

    /// <summary>Clients of different ages call the same with different methods.</summary>
    private static IEnumerable<EndpointDescription> OfMembers() =>
    [
        new("PATCH", "/organization/update", "Changes an organisation: what is stated applies, null clears, what is absent stays.")
        {
            Fields = [.. Of(OrganizationContracts.Request), Text(OrganizationContracts.IdField)],
            Required = [OrganizationContracts.IdField],
            Shown = ["max_budget"],
        },
        new("POST", "/organization/member_add", "Puts users into an organisation; an org_admin looks after its teams.")
        {
            Fields = [Text("organization_id"), new("member", DetailShape.Any), .. OfMembership],
            Required = ["organization_id", "member"],
        },
        .. ((string[])["POST", "PATCH"]).Select(method => new EndpointDescription(method, "/organization/member_update", "Changes what a member is in an organisation, and may use of it.")
        {
            Fields = [Text("organization_id"), Text("user_id"), Text("user_email"), Text("role"), .. OfMembership],
            Required = ["organization_id"],
            Shown = ["user_id", "max_budget_in_organization"],
        }),
        .. ((string[])["POST", "DELETE"]).Select(method => new EndpointDescription(method, "/organization/member_delete", "Takes a member out of an organisation.")
        {
            Fields = [Text("organization_id"), Text("user_id"), Text("user_email")],
            Required = ["organization_id"],
            Shown = ["user_id"],
        }),
        .. ((string[])["POST", "DELETE"]).Select(method => new EndpointDescription(method, "/organization/delete", "Deletes organisations with their teams and keys, all that are named or none. What was spent stays in the book.")
        {
            Fields = [TextList("organization_ids")],
            Required = ["organization_ids"],
        }),
    ];

    private static IEnumerable<EndpointDescription> OfUserLists(string path) =>
    [
        new("GET", path, "Lists users in pages.")
        {
            Query = [Text("role"), Text("user_ids"), new("page", DetailShape.Count, "1"), new("page_size", DetailShape.Count, "25")],
        },
    ];

    private static IEnumerable<EndpointDescription> OfCustomers(string prefix) =>
    [
        new("POST", $"{prefix}/delete", "Deletes customers, all that are named or none. What was spent stays in the book.") { Fields = [TextList("user_ids")], Required = ["user_ids"] },
        new("POST", $"{prefix}/block", "Has the calls for customers refused, also of those that were never heard of.") { Fields = [TextList("user_ids")], Required = ["user_ids"] },
        new("POST", $"{prefix}/unblock", "Takes a block back.") { Fields = [TextList("user_ids")], Required = ["user_ids"] },
    ];

    private static IEnumerable<EndpointDescription> OfKind(
        string prefix, string what, string idField, string idQuery, AccountRequest request, bool isIdMade = false) =>
    [
        new("POST", $"{prefix}/new", $"Makes {what}.") { Fields = [.. Of(request), Text(idField)], Required = isIdMade ? [] : [idField], Shown = ["max_budget", "budget_duration"] },
        new("POST", $"{prefix}/update", $"Changes {what}: what is stated applies, null clears, what is absent stays.")
        {
            Fields = [.. Of(request), Text(idField)],
            Required = [idField],
            Shown = ["max_budget"],
        },
        new("GET", $"{prefix}/info", $"Shows {what}.") { Query = [Text(idQuery)] },
        new("GET", $"{prefix}/list", "Lists them."),
    ];
}
