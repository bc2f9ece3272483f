using Proxy.Management.Bodies;
using Proxy.Management.Budgets;

namespace Proxy.Management.Customers;

/// <summary>What bodies and answers about customers hold beside the budget and the limits.</summary>
internal static class CustomerContracts
{
    public const string IdField = "user_id";

    public static readonly AccountRequest Request = new("alias", "max_budget",
    [
        new("allowed_model_region", DetailShape.Text),
        new("default_model", DetailShape.Text),
        new("metadata", DetailShape.Object),
    ]);
}
