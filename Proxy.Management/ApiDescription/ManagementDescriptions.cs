using Proxy.Management.Auditing;
using Proxy.Management.Budgets;
using Proxy.Management.Callbacks;
using Proxy.Management.Health;
using Proxy.Management.Keys;
using Proxy.Management.Models;
using Proxy.Management.Spend;
using Proxy.Management.Teams;

namespace Proxy.Management.ApiDescription;

/// <summary>All that this assembly describes. An endpoint that is not among them fails a test.</summary>
internal static class ManagementDescriptions
{
    public static IEnumerable<EndpointDescription> All =>
    [
        .. HealthDescriptions.All,
        .. KeyDescriptions.All,
        .. TeamDescriptions.All,
        .. CallbackTestDescriptions.All,
        .. AccountDescriptions.All,
        .. ModelDescriptions.All,
        .. SpendDescriptions.All,
        .. AuditDescriptions.All,
        .. DocumentEndpoints.Descriptions,
    ];
}
