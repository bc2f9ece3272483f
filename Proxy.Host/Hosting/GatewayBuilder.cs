using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Proxy.Host.Answers;
using Proxy.Host.ApiDocs;
using Proxy.Host.Balancing;
using Proxy.Host.Configuration;
using Proxy.Host.Exchanges;
using Proxy.Host.LogDesk;
using Proxy.Host.Models;
using Proxy.Host.Probing;
using Proxy.Host.Prometheus;
using Proxy.Host.Providers;
using Proxy.Host.Realtime;
using Proxy.Host.Recording;
using Proxy.Host.Rehearsals;
using Proxy.Host.Resources;
using Proxy.Host.Telemetry;
using Proxy.Logging;
using Proxy.Logging.Outbox;
using Proxy.Management;
using Proxy.Management.Callbacks;
using Proxy.Management.Errors;
using Proxy.Management.Models;
using Proxy.Management.Spend;
using Proxy.Management.Storage;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Transforms.Builder;

namespace Proxy.Host.Hosting;

/// <summary>Puts the program together.</summary>
internal static class GatewayBuilder
{
    private const string DefaultUrl = "http://localhost:4000";
    private const string ApplicationName = "proxy";

    /// <summary>What waits for a slow reader waits at the provider, not here: this is part of what an open stream may hold.</summary>
    private const int MaxWaiting = 16 * 1024;
    private static readonly TimeSpan StopSlack = TimeSpan.FromSeconds(5);

    public static WebApplication Build(
        ProxyFile file, ProxySettings settings, IConfiguration configuration, ManagementSettings management, string dataFolder, string? urls)
    {
        var builder = Compose(file, settings, configuration, management, dataFolder, urls);
        if (TelemetryExport.IsWanted) builder.Services.AddHostedService<TelemetryExport>();
        if (settings.Rehearsal.Enabled) builder.Services.AddRehearsal(settings.Rehearsal);
        var app = builder.Build();
        foreach (var warning in settings.Warnings) StartLog.Warn(app.Logger, warning);
        Map(app);
        return app;
    }

    /// <summary>The same program, heard by nobody, for calls to itself.</summary>
    public static WebApplication BuildRehearsal(
        ProxyFile file, ProxySettings settings, IConfiguration configuration, ManagementSettings management, string dataFolder, string urls)
    {
        var builder = Compose(file, settings, configuration, management, dataFolder, urls);
        builder.Services.AddSilence();
        var app = builder.Build();
        app.UseSilence();
        app.MapRehearsalLog();
        Map(app);
        return app;
    }

    private static WebApplicationBuilder Compose(
        ProxyFile file, ProxySettings settings, IConfiguration configuration, ManagementSettings management, string dataFolder, string? urls)
    {
        // Empty: the usual builder reads settings of its own from the working directory, and watches that folder, which the database is in.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Configuration.AddConfiguration(configuration);
        AddLogging(builder.Logging, builder.Configuration);

        builder.WebHost.UseKestrelCore();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.Services.AddRouting();
        builder.Services.AddHostFiltering(filter =>
            filter.AllowedHosts = (builder.Configuration["AllowedHosts"] ?? "*").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        builder.WebHost.UseUrls(urls ?? builder.Configuration["ASPNETCORE_URLS"] ?? builder.Configuration["Urls"] ?? DefaultUrl);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Configure(builder.Configuration.GetSection("Kestrel")); // endpoints and certificates, in Kestrel's own words
            kestrel.AddServerHeader = false;

            // Each reader of a body has its own limit, and its own words when that is passed.
            kestrel.Limits.MaxRequestBodySize = null;

            kestrel.Limits.MaxResponseBufferSize = MaxWaiting;
        });

        // Kestrel's own limit holds for HTTP/2 alone; over HTTP/1.1 answers go straight into the socket's.
        builder.Services.Configure<SocketTransportOptions>(sockets => sockets.MaxWriteBufferSize = MaxWaiting);

        AddServices(builder.Services, file, settings, management, dataFolder);
        return builder;
    }

    private static void AddServices(IServiceCollection services, ProxyFile file, ProxySettings settings, ManagementSettings management, string dataFolder)
    {
        var source = new SettingsSource(settings);
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(file);
        services.AddSingleton(source);
        services.AddHostedService<ManagementFeed>();
        services.AddHostedService<ProxyFileWatch>();

        // Calls end first, then the log goes out; neither may take the other's time.
        services.Configure<HostOptions>(host =>
            host.ShutdownTimeout = settings.Requests.DrainTimeout + settings.CompletionLog.ShutdownTimeout + StopSlack);

        services.AddDataProtection()
            .SetApplicationName(ApplicationName)
            .PersistKeysToFileSystem(new DirectoryInfo(Path.Combine(dataFolder, "protection-keys")));
        services.AddProxyManagement(management);
        foreach (var description in HostDescriptions.All) services.AddSingleton(description);

        AddLog(services);
        services.AddSingleton<IModelRouting, ModelRouting>();
        services.AddSingleton<ICallPrices, CallPrices>();

        services.AddSingleton<ExchangeMetrics>();
        services.AddPrometheus();
        services.AddSingleton<LogTargets>();
        services.AddSingleton<RefusalBudget>();
        services.AddSingleton<ExchangeRecorder>();
        services.AddSingleton<ShutdownDrain>();
        services.AddSingleton<BodyRelay>();
        services.AddSingleton<StreamRelay>();
        services.AddSingleton<AnswerRelay>();
        services.AddResources();
        services.AddSingleton<RealtimeDial>();
        services.AddSingleton<RealtimeServices>();

        services.AddReverseProxy();

        // YARP brings ASP.NET's authorization, which this program asks nothing of; without this the host would put its middleware into the way of each call.
        services.RemoveAll<IAuthorizationHandlerProvider>();
        services.AddSingleton<IProxyConfigProvider>(source.Routes);
        services.AddSingleton<IConfigChangeListener>(source);
        services.AddSingleton<IForwarderHttpClientFactory, ProviderHttpClientFactory>();
        services.AddSingleton<AttemptDressing>();
        services.AddSingleton<ITransformProvider, ProviderTransforms>();
        services.AddRoutingPolicies();
        services.AddSingleton<ProbeSteering>();
        services.AddSingleton<HealthProbe>();
    }

    private static void AddLog(IServiceCollection services)
    {
        services.AddSingleton<IOutboxDatabase, OutboxDatabase>();
        services.AddSingleton<IOptionsMonitor<CompletionLogOptions>, CompletionLogMonitor>();
        services.AddSingleton<ITargetWatch, TargetWatch>();
        services.AddCompletionLog();
        services.AddSingleton<ILogging, TeamLogging>();
    }

    private static void Map(WebApplication app)
    {
        app.UseHostFiltering();
        app.UseWhen(context => !HttpMethods.IsPost(context.Request.Method), sockets => sockets.UseWebSockets());
        app.UseWhen(context => !ExchangePipeline.IsExchange(context), UseErrors);
        app.MapOnce(routes =>
        {
            routes.MapProxyManagement();
            routes.MapLogDesk();
            routes.MapModels();
            routes.MapHealth();
            routes.MapDocs();
            routes.MapMetrics();
        });
        app.MapExchanges();
    }

    private static void UseErrors(IApplicationBuilder app)
    {
        app.UseExceptionHandler(handler => handler.Run(context => ErrorWriter.WriteAsync(
            context,
            context.Features.Get<IExceptionHandlerFeature>()?.Error is { } error && DatabaseTrouble.IsIn(error)
                ? new ProxyError(503, ProxyError.InternalServerError, "The database cannot be reached at the moment.")
                : new ProxyError(500, ProxyError.InternalServerError, "Internal server error"))));

        // What routing itself refuses: a path or a method that nobody has.
        app.UseStatusCodePages(pages => ErrorWriter.WriteAsync(pages.HttpContext, pages.HttpContext.Response.StatusCode switch
        {
            StatusCodes.Status404NotFound => ProxyError.NotFound("Not Found"),
            StatusCodes.Status405MethodNotAllowed => new ProxyError(405, ProxyError.InvalidRequest, "Method Not Allowed"),
            var status => new ProxyError(status, ProxyError.InvalidRequest, $"The request was refused with status {status}."),
        }));
    }

    private static void AddLogging(ILoggingBuilder logging, ConfigurationManager configuration)
    {
        logging.ClearProviders();

        // The host makes an activity and a scope for each request as soon as anybody might log there. Before the operator's own words, which may ask for it.
        logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        logging.AddConfiguration(configuration.GetSection("Logging"));

        // One line per call would cost more than the call; what calls do is in the metrics and the ledger.
        logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        logging.AddFilter("Yarp", LogLevel.Warning);
        logging.AddFilter("System.Net.Http", LogLevel.Warning);

        // It would call every stream that breaks an unhandled exception; those that are, the exception handler logs.
        logging.AddFilter("Microsoft.AspNetCore.Server.Kestrel", LogLevel.Critical);
        logging.AddFilter("Microsoft.AspNetCore.Server.Kestrel.", LogLevel.Warning);

        // It warns at every start that its keys are not encrypted; they lie in a folder that only the operator can read.
        logging.AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error);

        // Structured where a machine reads, a line where a person does.
        if (Console.IsOutputRedirected) logging.AddJsonConsole(console => console.UseUtcTimestamp = true);
        else logging.AddSimpleConsole(console => console.SingleLine = true);
    }
}
