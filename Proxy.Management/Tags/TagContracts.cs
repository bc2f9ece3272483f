using Proxy.Management.Bodies;
using Proxy.Management.Budgets;

namespace Proxy.Management.Tags;

/// <summary>What bodies and answers about tags hold beside the budget and the limits.</summary>
internal static class TagContracts
{
    public const string IdField = "name";

    public static readonly AccountRequest Request = new("alias", "max_budget",
    [
        new("description", DetailShape.Text),
        new("models", DetailShape.TextList, "[]"),
        new("metadata", DetailShape.Object, "{}"),
    ]);
}
