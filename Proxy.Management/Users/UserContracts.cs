using Proxy.Management.Access;
using Proxy.Management.Bodies;
using Proxy.Management.Budgets;
using Proxy.Management.Errors;

namespace Proxy.Management.Users;

/// <summary>What bodies and answers about users hold beside the budget and the limits.</summary>
internal static class UserContracts
{
    public const string IdField = "user_id";

    public static readonly AccountRequest Request = new("user_alias", "max_budget",
    [
        new("user_email", DetailShape.Text),
        new(AccountRow.RoleField, DetailShape.Text, "\"internal_user\""),
        new("teams", DetailShape.List, "[]"),
        new("models", DetailShape.TextList, "[]"),
        new("metadata", DetailShape.Object, "{}"),
        new(UserOrganizations.Field, DetailShape.TextList),
    ]);

    public static ProxyError NotYours(string userId, Caller caller) => new(
        403, ProxyError.AuthError, $"user not allowed to access this user's info. user_id={userId}, Your user_id={caller.UserId ?? RoleNames.Unknown}");

    /// <summary>Refuses what is no role.</summary>
    public static void CheckRole(FieldReader fields)
    {
        if (fields.Text(AccountRow.RoleField) is { } role && !RoleNames.IsKnown(role))
            fields.Fault(AccountRow.RoleField, $"'{AccountRow.RoleField}' must be one of {string.Join(", ", RoleNames.All)}.");
    }
}
