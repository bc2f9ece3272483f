using System.Text.Json.Serialization;
using Proxy.Management.Access;
using Proxy.Management.Errors;

namespace Proxy.Host.Probing;

/// <summary><c>GET /health</c>: every deployment, probed now. For admins; it shows no credential and no address.</summary>
internal static class HealthEndpoint
{
    public static void MapHealth(this IEndpointRouteBuilder routes) => routes.MapLazily(HttpMethods.Get, "/health", HandleAsync);

    private static async Task HandleAsync(HttpContext context, Authenticator authenticator, HealthProbe probe, string? model = null)
    {
        var authentication = await authenticator.AuthenticateAsync(context.Request.Headers, context.RequestAborted);
        var error = authentication.Error ?? authentication.Caller!.FindRouteRefusal("/health", RouteKind.Management) ?? (authentication.Caller!.IsProxyAdmin
            ? null
            : new ProxyError(401, ProxyError.AuthError, "Authentication Error, Only proxy admin can probe the deployments. Route=/health.")) ?? QueryGuard.FindFault(context.Request.Query);
        if (error is not null)
        {
            await ErrorWriter.WriteAsync(context, error);
            return;
        }

        var results = await probe.ProbeAsync(model, context.RequestAborted);
        var healthy = results.Where(result => result.Fault is null).Select(Endpoint).ToList();
        var unhealthy = results.Where(result => result.Fault is not null).Select(Endpoint).ToList();
        await context.Response.WriteAsJsonAsync(
            new HealthReport(healthy, unhealthy, healthy.Count, unhealthy.Count), HealthJson.Default.HealthReport, contentType: null, context.RequestAborted);
    }

    private static HealthEndpointReport Endpoint(ProbeResult result) => new(result.Model, result.ModelId, result.Provider, result.Fault);
}

internal sealed record HealthEndpointReport(string Model, string ModelId, string CustomLlmProvider, string? Error);

internal sealed record HealthReport(
    IReadOnlyList<HealthEndpointReport> HealthyEndpoints, IReadOnlyList<HealthEndpointReport> UnhealthyEndpoints, int HealthyCount, int UnhealthyCount);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(HealthReport))]
internal sealed partial class HealthJson : JsonSerializerContext;
