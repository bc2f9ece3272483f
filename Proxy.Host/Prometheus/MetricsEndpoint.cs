using Proxy.Host.Configuration;
using Proxy.Management.Access;

namespace Proxy.Host.Prometheus;

/// <summary><c>GET /metrics</c>: all figures, for Prometheus. They name keys' hashes, teams and users, so they are for admins and viewers unless proxy.json says otherwise.</summary>
internal static class MetricsEndpoint
{
    /// <summary>What nobody has used for so long gives its place to others.</summary>
    private static readonly TimeSpan Memory = TimeSpan.FromHours(24);

    public static IServiceCollection AddPrometheus(this IServiceCollection services)
    {
        services.AddSingleton(provider => new CallFigures(provider.GetRequiredService<SettingsSource>().Current.Metrics));
        services.AddSingleton<MeterFigures>();
        services.AddSingleton<CallExposition>();
        services.AddSingleton<DeploymentExposition>();
        services.AddSingleton<BudgetExposition>();
        return services;
    }

    public static void MapMetrics(this IEndpointRouteBuilder routes)
    {
        // From the start: what is counted before somebody asks counts too.
        routes.ServiceProvider.GetRequiredService<MeterFigures>();
        var isPublic = routes.ServiceProvider.GetRequiredService<SettingsSource>().Current.Metrics.Public;
        (isPublic ? routes : routes.MapAdminGroup("")).MapLazily(HttpMethods.Get, "/metrics", ShowAsync);
    }

    private static async Task ShowAsync(HttpContext context, CallFigures figures, TimeProvider time)
    {
        var oldest = (time.GetUtcNow() - Memory).UtcTicks;
        figures.Calls.Forget(series => series.LastAt < oldest);
        figures.Outcomes.Forget(series => series.LastAt < oldest);
        figures.Deployments.Forget(series => series.LastAt < oldest);

        context.Response.ContentType = PrometheusText.MediaType;
        var text = new PrometheusText(context.Response.BodyWriter);
        var services = context.RequestServices;
        await services.GetRequiredService<CallExposition>().WriteAsync(text, context.RequestAborted);
        await services.GetRequiredService<DeploymentExposition>().WriteAsync(text, context.RequestAborted);
        services.GetRequiredService<BudgetExposition>().Write(text);
        services.GetRequiredService<MeterFigures>().Write(text);
        await text.FlushAsync(context.RequestAborted);
    }
}
