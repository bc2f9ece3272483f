using Proxy.Management.ApiDescription;

namespace Proxy.Management.Health;

/// <summary>The health endpoints in the API's document.</summary>
internal static class HealthDescriptions
{
    public static readonly EndpointDescription[] All =
    [
        new("GET", "/health/liveness", "Says that the program runs.") { Answer = HealthJson.Default.String },
        new("HEAD", "/health/liveness", "Says that the program runs."),
        new("GET", "/health/liveliness", "Says that the program runs.") { Answer = HealthJson.Default.String },
        new("HEAD", "/health/liveliness", "Says that the program runs."),
        new("GET", "/health/readiness", "Says whether calls can be answered; 503 when not.") { Answer = HealthJson.Default.Readiness },
        new("GET", "/routes", "Lists all paths.") { Answer = HealthJson.Default.RouteList },
    ];
}
