using Proxy.Management.Bodies;
using Proxy.Management.Budgets;

namespace Proxy.Management.Users;

/// <summary>What bodies and answers about users hold beside the budget and the limits.</summary>
internal static class UserContracts
{
    public const string IdField = "user_id";

    public static readonly AccountRequest Request = new("user_alias", "max_budget",
    [
        new("user_email", DetailShape.Text),
        new("user_role", DetailShape.Text, "\"internal_user\""),
        new("teams", DetailShape.List, "[]"),
        new("models", DetailShape.TextList, "[]"),
        new("metadata", DetailShape.Object, "{}"),
        new("organizations", DetailShape.TextList),
    ]);
}
