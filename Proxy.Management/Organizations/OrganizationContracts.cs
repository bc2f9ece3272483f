using Proxy.Management.Bodies;
using Proxy.Management.Budgets;

namespace Proxy.Management.Organizations;

/// <summary>What bodies and answers about organisations hold beside the budget and the limits.</summary>
internal static class OrganizationContracts
{
    public const string IdField = "organization_id";

    public static readonly AccountRequest Request = new("organization_alias", "max_budget",
    [
        new("models", DetailShape.TextList, "[]"),
        new("metadata", DetailShape.Object, "{}"),
        new("model_rpm_limit", DetailShape.Object),
        new("model_tpm_limit", DetailShape.Object),
    ]);
}
