using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text;
using OpenTelemetry;
using Proxy.Management.Health;

namespace Proxy.Host.Rehearsals;

/// <summary>What makes a gateway rehearse, and what makes the one of the rehearsal silent.</summary>
internal static class RehearsalServices
{
    private static readonly byte[] Health = Encoding.UTF8.GetBytes("""{"status":"OK","version":"3.100.0"}""");

    public static void AddRehearsal(this IServiceCollection services, RehearsalOptions options)
    {
        services.AddSingleton(options);
        services.AddSingleton<Rehearsal>();
        services.AddSingleton<IReadinessCondition>(provider => provider.GetRequiredService<Rehearsal>());
        services.AddHostedService(provider => provider.GetRequiredService<Rehearsal>());
    }

    /// <summary>Meters and sources under names that nobody listens to.</summary>
    public static void AddSilence(this IServiceCollection services)
    {
        services.AddSingleton<IMeterFactory, UnheardMeters>();
        services.AddSingleton(_ => new ActivitySource("rehearsal"));
    }

    public static void UseSilence(this IApplicationBuilder app) => app.Use(async (context, next) =>
    {
        using var quiet = SuppressInstrumentationScope.Begin();
        await next(context);
    });

    /// <summary>As much of Langfuse as the sender asks for.</summary>
    public static void MapRehearsalLog(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(RehearsalScript.LogPath + "/api/public/health", context => context.Response.Body.WriteAsync(Health).AsTask());
        routes.MapPost(RehearsalScript.LogPath + "/{**rest}", async context => await context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted));
    }

    private sealed class UnheardMeters : IMeterFactory
    {
        private readonly List<Meter> _meters = [];

        public Meter Create(MeterOptions options)
        {
            var meter = new Meter(new MeterOptions("rehearsal." + options.Name) { Version = options.Version, Scope = this });
            lock (_meters) _meters.Add(meter);
            return meter;
        }

        public void Dispose()
        {
            lock (_meters)
            {
                foreach (var meter in _meters) meter.Dispose();
            }
        }
    }
}
